import { type Model, type Node, SnpError, type Value } from '@snp/onnx';

/** What reads the numbers of tokens in a model. */
export interface TokenReaders {
  /** Tables with a row for each token. */
  readonly tables: readonly Value[];
  /** Comparisons with one token, and the input that holds it. */
  readonly comparisons: readonly { node: Node; index: number }[];
}

/** Operators behind which token numbers are still token numbers. */
const MOVES = new Set([
  'Cast',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Flatten',
  'Transpose',
  'Slice',
  'Expand',
]);

/** Operators that ask for no number itself: tokens that stay keep their order. */
const INDIFFERENT = new Set(['Shape', 'Size', 'ArgMax', 'ArgMin']);

/**
 * Follows token numbers from a model's inputs to whatever reads them.
 *
 * @throws SnpError `unsupported` where something reads them whose answer would change with other numbers, by name.
 */
export function tokenReaders({ graph }: Model, inputs: readonly string[]): TokenReaders {
  const tables = new Set<Value>();
  const comparisons: TokenReaders['comparisons'][number][] = [];
  const waiting = inputs.map((name) => graph.value(name));
  const seen = new Set(waiting);
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    for (const { node, index } of value.uses) {
      const table = tableOf(node, index);
      if (table) tables.add(table);
      else if (node.op === 'Equal' && node.inputs[1 - index]?.tensor?.size === 1)
        comparisons.push({ node, index: 1 - index });
      else if (INDIFFERENT.has(node.op)) continue;
      else if (!MOVES.has(node.op) || index !== 0) throw refusal(node, value);
      else {
        const behind = node.outputs.filter((output) => output !== undefined && !seen.has(output)) as Value[];
        for (const output of behind) seen.add(output);
        waiting.push(...behind);
      }
    }
  }
  const given = graph.outputs.find((value) => seen.has(value));
  if (given) throw new SnpError('unsupported', `The vocabulary stays: output '${given.name}' gives numbers of tokens.`);
  return { tables: [...tables], comparisons };
}

/** The table whose rows a node looks up by tokens. */
function tableOf({ op, inputs }: Node, index: number): Value | undefined {
  const table =
    op === 'Gather' && index === 1
      ? inputs[0]
      : op === 'com.microsoft.EmbedLayerNormalization' && index === 0
        ? inputs[2]
        : undefined;
  return table?.tensor ? table : undefined;
}

function refusal(node: Node, value: Value): SnpError {
  return new SnpError(
    'unsupported',
    `The vocabulary stays: ${node.label} (${node.op}) reads numbers of tokens, and is not known to answer alike where tokens have other numbers.`,
    { node: node.label, value: value.name },
  );
}
