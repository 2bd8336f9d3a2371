import { type Model, SnpError } from '@snp/onnx';
import type { Feeds, HoldingRuntime, HoldingSession, RuntimeData, RuntimeTensor } from '@snp/runtime';
import { stacked } from '../data/stacking.js';

type Numbers = Exclude<RuntimeData, string[]>;

/** Bytes of answers that are kept, at most. */
export const MOST_KEPT_BYTES = 2 ** 30;

/** The teacher, and where models run it holds its answers. */
export class Teacher {
  private constructor(
    readonly session: HoldingSession,
    readonly outputs: readonly string[],
  ) {}

  /**
   * Opens the teacher of a student.
   *
   * @throws SnpError `invalid-argument` where it takes other inputs, or gives other answers.
   */
  static async open(
    model: Model | string,
    student: Pick<HoldingSession, 'inputs'>,
    options: { outputs: readonly string[]; runtime: HoldingRuntime; signal: AbortSignal | undefined },
  ): Promise<Teacher> {
    const session = await options.runtime.open(model, { signal: options.signal });
    try {
      checkAlike(session, student, options.outputs);
    } catch (error) {
      await session.close();
      throw error;
    }
    return new Teacher(session, options.outputs);
  }

  /**
   * Answers a batch that is held, and holds the answers.
   *
   * @param held Names that the inputs are held under, by input.
   * @param hold Names that the answers are held under, by output.
   */
  async answer(
    held: Readonly<Record<string, string>>,
    hold: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void> {
    const own = this.session.inputs.map(({ name }): [string, string] => [name, held[name]]);
    await this.session.run({}, { held: Object.fromEntries(own), hold, fetches: [], signal });
  }
}

function checkAlike(
  teacher: Pick<HoldingSession, 'inputs' | 'outputs'>,
  student: Pick<HoldingSession, 'inputs'>,
  outputs: readonly string[],
): void {
  const own = new Map(student.inputs.map((input) => [input.name, input]));
  for (const { name, type, dims } of teacher.inputs) {
    const input = own.get(name);
    const fits =
      input?.type === type &&
      input.dims.length === dims.length &&
      dims.every((dim, axis) => mayBeEqual(dim, input.dims[axis]));
    if (fits) continue;
    throw new SnpError(
      'invalid-argument',
      `The teacher takes '${name}' (${type} [${dims.map((dim) => dim ?? '?').join(', ')}]), the model ${input ? `takes it as ${input.type} [${input.dims.map((dim) => dim ?? '?').join(', ')}]` : 'does not'}. Give the model that it was pruned from.`,
      { value: name },
    );
  }
  const other = teacher.outputs.find(({ name, type }) => outputs.includes(name) && type !== 'FLOAT');
  if (other)
    throw new SnpError(
      'unsupported',
      `The teacher gives '${other.name}' as ${other.type} numbers, not float32. Give it in float32.`,
      {
        value: other.name,
      },
    );
  const missing = outputs.find((name) => !teacher.outputs.some((output) => output.name === name));
  if (missing === undefined) return;
  throw new SnpError(
    'invalid-argument',
    `The teacher gives no '${missing}' (it gives ${teacher.outputs.map(({ name }) => name).join(', ')}). Give the model that the other was pruned from.`,
    { value: missing },
  );
}

const mayBeEqual = (one: number | string | undefined, other: number | string | undefined) =>
  typeof one !== 'number' || typeof other !== 'number' || one === other;

/** Answers to samples that are always the same, kept so that the teacher is asked once about each. */
export class KeptAnswers {
  readonly #rows: (Feeds | undefined)[];
  #keeps = true;

  constructor(private readonly samples: number) {
    this.#rows = Array(samples);
  }

  /** The answers to a batch; undefined where one of them is not known. */
  of(batch: readonly number[]): Feeds | undefined {
    const rows = batch.map((at) => this.#rows[at]);
    const [first] = rows;
    if (!first || rows.includes(undefined)) return undefined;
    return Object.fromEntries(Object.keys(first).map((name) => [name, stacked(rows.map((row) => row![name]))]));
  }

  get keeps(): boolean {
    return this.#keeps;
  }

  /** Keeps answers of which each sample has its own rows, as long as those of all samples have room. */
  keep(batch: readonly number[], answers: Feeds): void {
    const all = Object.values(answers);
    const bytes = all.reduce((sum, { data }) => sum + (data as Numbers).byteLength, 0) / batch.length;
    this.#keeps = all.every(({ dims }) => dims[0] === batch.length) && bytes * this.samples <= MOST_KEPT_BYTES;
    if (!this.#keeps) return;
    for (const [row, at] of batch.entries())
      this.#rows[at] = Object.fromEntries(Object.entries(answers).map(([name, own]) => [name, rowOf(own, row)]));
  }
}

function rowOf({ type, dims, data }: RuntimeTensor, row: number): RuntimeTensor {
  const width = data.length / dims[0];
  return { type, dims: [1, ...dims.slice(1)], data: data.slice(row * width, (row + 1) * width) as RuntimeData };
}
