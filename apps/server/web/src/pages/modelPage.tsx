import type { ComponentType } from 'preact';
import { answer, api } from '../api/client.js';
import { useChanges } from '../api/events.js';
import { Problem } from '../api/problem.js';
import { useResource } from '../api/resource.js';
import { root } from '../api/root.js';
import type { Model } from '../api/types.js';
import { Confirm } from '../parts/action.js';
import { Page } from '../parts/page.js';
import { Await, Loading, ProblemNote } from '../parts/states.js';
import { go, href, path } from '../route.js';
import { mayRun } from '../session.js';
import { GroupsTab } from './model/groupsTab.js';
import type { ModelTabProps } from './model/modelTab.js';
import { OverviewTab } from './model/overviewTab.js';
import { PlanTab } from './model/planTab.js';
import { ResultsTab } from './model/resultsTab.js';
import { ShrinkTab } from './model/shrinkTab.js';

const TABS: Record<string, { title: string; tab: ComponentType<ModelTabProps> }> = {
  overview: { title: 'Overview', tab: OverviewTab },
  groups: { title: 'Groups', tab: GroupsTab },
  shrink: { title: 'Shrink', tab: ShrinkTab },
  plan: { title: 'Plan', tab: PlanTab },
  results: { title: 'Results', tab: ResultsTab },
};

/** One model, from all sides. */
export function ModelPage({ id }: { id: string }) {
  const model = useResource(() => answer(api.GET('/api/models/{id}', { params: { path: { id } } })), [id]);
  useChanges(({ job }) => job?.id === model.data?.analysisJob && job?.ended && model.reload(), model.reload);
  return <Await of={model}>{(own) => <Opened model={own} />}</Await>;
}

function Opened({ model }: { model: Model }) {
  const { id, name, origin, state, data } = model;
  const trail = (
    <>
      <a href={href('models')}>Models</a>
      {origin && (
        <>
          {' '}
          / <a href={href('models', origin.model)}>original</a> / <a href={href('jobs', origin.job)}>its pruning</a>
        </>
      )}
    </>
  );
  const actions = (
    <>
      <a class="button" href={`${root}/api/models/${id}/file`} download={name}>
        Download
      </a>
      {data.map(({ location }) => (
        <a
          key={location}
          class="button"
          href={`${root}/api/models/${id}/file?location=${encodeURIComponent(location)}`}
          download={location.split('/').at(-1)}
        >
          {location}
        </a>
      ))}
      {mayRun.value && (
        <Confirm
          question={`Remove ${name}? Results that came of it stay.`}
          onConfirm={async () => {
            await answer(api.DELETE('/api/models/{id}', { params: { path: { id } } }));
            go(href('models'));
          }}
        >
          Remove
        </Confirm>
      )}
    </>
  );
  return (
    <Page title={name} trail={trail} actions={actions}>
      {state === 'checking' && (
        <p class="note">
          The model is being looked into: <a href={href('jobs', model.analysisJob)}>see how far it is</a>. This page
          goes on by itself.
        </p>
      )}
      {state === 'refused' && (
        <ProblemNote
          problem={
            new Problem('This model cannot be used', model.problem?.message ?? 'No reason was given.', {
              ...(model.problem && { code: model.problem.code as never }),
            })
          }
        />
      )}
      {state === 'ready' && <Tabs model={model} />}
    </Page>
  );
}

function Tabs({ model }: { model: Model }) {
  const { id } = model;
  const current = path.value[2] ?? 'overview';
  const analysis = useResource(() => answer(api.GET('/api/models/{id}/analysis', { params: { path: { id } } })), [id]);
  const { tab: Tab } = TABS[current] ?? TABS.overview;
  return (
    <>
      <nav class="tabs" aria-label="Sides of the model">
        {Object.entries(TABS).map(([key, { title }]) => (
          <a key={key} href={href('models', id, key)} aria-current={key === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {analysis.data === undefined && !analysis.problem ? (
        <Loading what="Fetching the analysis" />
      ) : (
        <Await of={analysis}>{(own) => <Tab model={model} analysis={own} />}</Await>
      )}
    </>
  );
}
