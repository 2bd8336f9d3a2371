import { counted } from '@snp/pages';
import type { About, Dataset, JobOf } from '../../api/types.js';
import { Select, Text } from '../../parts/fields.js';
import { href } from '../../route.js';

type PreprocessName = NonNullable<JobOf<'calibrate'>['input']['preprocess']>;

/** Which typical inputs, and how they are read. */
export interface DataForm {
  dataset: string;
  limit: number;
  preprocess: PreprocessName | '';
  shards: number;
}

/** A hundred samples are enough for statistics of most models. */
export const DATA_DEFAULTS: DataForm = { dataset: '', limit: 100, preprocess: '', shards: 1 };

interface DataFieldsProps {
  form: DataForm;
  onChange: (change: Partial<DataForm>) => void;
  datasets: readonly Dataset[];
  about: About;
}

/** Typical inputs to calibrate with. */
export function DataFields({ form, onChange, datasets, about }: DataFieldsProps) {
  const chosen = datasets.find(({ id }) => id === form.dataset);
  if (datasets.length === 0)
    return (
      <p class="note">
        There are no data sets. <a href={href('datasets')}>Upload typical inputs</a> to score units by what they do, to
        repair what stays, and to see what a budget does to the answers.
      </p>
    );
  return (
    <>
      <Select
        label="Data set"
        value={form.dataset}
        onChange={(dataset) => onChange({ dataset })}
        options={[
          { value: '', label: 'None: prune by weights alone' },
          ...datasets.map(({ id, name, files, kind }) => ({
            value: id,
            label: `${name} (${counted(files, kind === 'pictures' ? 'picture' : 'array')})`,
          })),
        ]}
      />
      {chosen && (
        <Text
          label="Samples, at most"
          type="number"
          min={1}
          value={String(form.limit)}
          onChange={(text) => Number(text) >= 1 && onChange({ limit: Math.floor(Number(text)) })}
        />
      )}
      {chosen?.kind === 'pictures' && (
        <Select
          label="How pictures become numbers"
          value={form.preprocess}
          onChange={(preprocess) => onChange({ preprocess: preprocess as DataForm['preprocess'] })}
          options={[
            { value: '', label: 'By the size of the input' },
            ...about.preprocessing.map((name) => ({ value: name, label: name })),
          ]}
        />
      )}
    </>
  );
}
