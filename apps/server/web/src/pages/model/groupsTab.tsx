import { counted, whole } from '@snp/pages';
import { useState } from 'preact/hooks';
import type { FrozenPart, Group, Kind } from '../../api/types.js';
import { Choices, Select, Text } from '../../parts/fields.js';
import { Empty } from '../../parts/states.js';
import { KindTag, kindName } from '../../parts/tags.js';
import { query } from '../../route.js';
import type { ModelTabProps } from './modelTab.js';

type Shown = 'groups' | 'frozen';

/** What must leave together, and what cannot leave and why. */
export function GroupsTab({ analysis: { groups, frozen, blocks } }: ModelTabProps) {
  const [shown, setShown] = useState<Shown>(query.value.get('show') === 'frozen' ? 'frozen' : 'groups');
  const [kind, setKind] = useState('');
  const [block, setBlock] = useState(query.value.get('block') ?? '');
  const [text, setText] = useState('');
  const kinds = [...new Set([...groups, ...frozen].map((one) => one.kind))].filter((one): one is Kind => one !== null);
  const wanted = text.trim().toLowerCase();
  const fits = (one: { kind: Kind | null }, words: readonly string[]) =>
    (kind === '' || one.kind === kind) && (wanted === '' || words.some((word) => word.toLowerCase().includes(wanted)));
  const someGroups = groups.filter(
    (group) =>
      (block === '' || (block === 'outside' ? group.block === null : group.block === Number(block))) &&
      fits(group, [group.id, ...group.members.flatMap(({ initializer, nodes }) => [initializer, ...nodes])]),
  );
  const someFrozen = frozen.filter((part) =>
    fits(part, [part.reason, part.node ?? '', ...part.initializers.map(({ initializer }) => initializer)]),
  );
  return (
    <div class="stack">
      <p class="quiet">
        Units of a group leave from all its members at once. A group with heads keeps equally many units in each.
      </p>
      <div class="filters">
        <Choices
          label="Show"
          value={shown}
          onChange={setShown}
          options={[
            { value: 'groups', label: `Groups (${groups.length})` },
            { value: 'frozen', label: `Frozen (${frozen.length})` },
          ]}
        />
        <Select
          label="Kind"
          value={kind}
          onChange={setKind}
          options={[{ value: '', label: 'All kinds' }, ...kinds.map((one) => ({ value: one, label: kindName(one) }))]}
        />
        {shown === 'groups' && (
          <Select
            label="Block"
            value={block}
            onChange={setBlock}
            options={[
              { value: '', label: 'All blocks' },
              ...blocks.map((one) => ({ value: String(one.block), label: `Block ${one.block}` })),
              { value: 'outside', label: 'Outside of blocks' },
            ]}
          />
        )}
        <Text
          label="Names that hold"
          type="search"
          value={text}
          onChange={setText}
          placeholder="qkv, layers.3, Softmax"
        />
      </div>
      <p class="small quiet" role="status">
        {shown === 'groups' ? counted(someGroups.length, 'group') : counted(someFrozen.length, 'frozen dimension')}
      </p>
      <div class="card">
        {shown === 'groups' &&
          someGroups.map((group) => <GroupEntry key={group.id} group={group} open={someGroups.length < 3} />)}
        {shown === 'frozen' && someFrozen.map((part, at) => <FrozenEntry key={keyOf(part, at)} part={part} />)}
        {(shown === 'groups' ? someGroups : someFrozen).length === 0 && <Empty title="Nothing fits" />}
      </div>
    </div>
  );
}

function keyOf({ node, initializers }: FrozenPart, at: number): string {
  return `${at} ${node} ${initializers[0]?.initializer}`;
}

function GroupEntry({ group, open }: { group: Group; open: boolean }) {
  const [shown, setShown] = useState(open);
  const { id, kind, lanes, width, units, members } = group;
  return (
    <details class="group" open={open} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <b class="mono">{id}</b>
        <KindTag kind={kind} />
        <span class="end">
          {lanes > 1 ? `${lanes} heads × ${whole(width)}` : counted(units, 'unit')} ·{' '}
          {counted(members.length, 'member')}
        </span>
      </summary>
      {shown && <Members group={group} />}
    </details>
  );
}

const ROLES: Record<Group['members'][number]['role'], string> = {
  output: 'writes the units',
  input: 'reads them',
  elementwise: 'scales or shifts them',
};

function Members({ group: { id, members } }: { group: Group }) {
  return (
    <div class="body">
      <table class="folding">
        <caption>A unit of {id} is one slice of each of these, along the axis in bold.</caption>
        <thead>
          <tr>
            <th scope="col">Initializer</th>
            <th scope="col">Shape</th>
            <th scope="col">Axis</th>
            <th scope="col">Role</th>
            <th scope="col">Read by</th>
          </tr>
        </thead>
        <tbody>
          {members.map(({ initializer, dims, axis, role, nodes }) => (
            <tr key={`${initializer} ${axis} ${nodes.join(' ')}`}>
              <th scope="row" class="mono wrap">
                {initializer}
              </th>
              <td class="mono dims" data-label="Shape">
                {dims.map((dim, at) => (
                  <span key={at}>
                    {at > 0 && ' × '}
                    {at === axis ? <b>{dim}</b> : dim}
                  </span>
                ))}
              </td>
              <td data-label="Axis">{axis}</td>
              <td data-label="Role">{ROLES[role]}</td>
              <td class="mono wrap small" data-label="Read by">
                {nodes.join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FrozenEntry({ part }: { part: FrozenPart }) {
  const [shown, setShown] = useState(false);
  const { kind, units, initializers, node, operator, reason } = part;
  return (
    <details class="group" onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <span>{reason}</span>
        {kind && <KindTag kind={kind} />}
        <span class="end">
          {counted(units, 'unit')} · {counted(initializers.length, 'initializer')}
        </span>
      </summary>
      {shown && (
        <dl class="body facts">
          {node && (
            <>
              <dt>Node</dt>
              <dd class="mono">
                {node} {operator && `(${operator})`}
              </dd>
            </>
          )}
          <dt>Initializers</dt>
          <dd class="mono">
            {initializers.map(({ initializer, axis }) => `${initializer} (axis ${axis})`).join(', ') || 'none'}
          </dd>
        </dl>
      )}
    </details>
  );
}
