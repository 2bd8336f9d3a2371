import { isPast, type Session } from '@snp/runtime';

/**
 * Which output a run's past keys and values come from, by the names that exporters give: `past_key_values.0.key` from `present.0.key`, `past_0` from `present_0`, `k_cache.0` from `new_k_cache.0`.
 *
 * @returns Names of outputs by those of inputs. Inputs that no output belongs to, such as keys of an encoder's answer, keep what they were given.
 */
export function cachePairs({ inputs, outputs }: Pick<Session, 'inputs' | 'outputs'>): ReadonlyMap<string, string> {
  const byCore = new Map(outputs.map(({ name }) => [coreOf(name), name]));
  return new Map(
    inputs.filter(isPast).flatMap(({ name }): [string, string][] => {
      const output = byCore.get(coreOf(name));
      return output === undefined ? [] : [[name, output]];
    }),
  );
}

/** What a name says besides whether it is the past or the present. */
function coreOf(name: string): string {
  const words = name
    .toLowerCase()
    .replace('key_values', '')
    .split(/[^a-z0-9]+|(?<=[a-z])(?=[0-9])/);
  return words.filter((word) => word !== '' && !WHEN.has(word)).join('.');
}

const WHEN = new Set(['past', 'present', 'new', 'old', 'in', 'out', 'input', 'output', 'updated', 'kv', 'cache']);
