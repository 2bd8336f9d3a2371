import type { Analysis } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { ANSWER_KINDS, type AnswerKind, type Calibration, onnxRuntime, type Runtime } from '@snp/runtime';
import { type Companion, openCompanion } from '../companions/companion.js';
import { filledPadding } from '../data/filledPadding.js';
import { fingerprinted } from '../data/fingerprinted.js';
import { holdBack } from '../data/holdBack.js';
import { checkOptions, type OptionFields } from '../options/checkOptions.js';
import * as is from '../options/fields.js';
import { checkPlugins } from '../plugin/definePlugin.js';
import { findUnits } from '../plugin/findUnits.js';
import { callLimits } from '../plugin/foreignCalls.js';
import type { Plugin } from '../plugin/plugin.js';
import { modelContent } from '../statistics/statistics.js';
import { openToCompare } from '../verify/openToCompare.js';
import { Proof } from '../verify/proof.js';
import { VERIFY_DEFAULTS } from '../verify/verify.js';
import { Clock } from './clock.js';
import type { Context } from './context.js';
import { leaveAlone } from './leaveAlone.js';
import { prepare } from './prepare.js';
import type { OnProgress } from './progress.js';

/** Options of `open`. */
export interface OpenOptions {
  /** Typical inputs. Default none. */
  calibration?: Calibration | undefined;
  /** Hold every eighth calibration sample back, for comparisons. Default false. */
  holdBack?: boolean | undefined;
  /** Bring units beyond neurons: heads, parts of blocks. Default none. */
  plugins?: readonly Plugin[] | undefined;
  /** Milliseconds after which a promise of a criterion or plug-in counts as one that never settles. Default `PLUGIN_TIMEOUT`, ten minutes. */
  pluginTimeout?: number | undefined;
  /**
   * Whether past keys and values may become narrower, where they leave through graph outputs and come back through graph inputs: both change their form
   * together, which the report tells (`forms`). Default false: other programs feed them.
   */
  narrowCache?: boolean | undefined;
  /**
   * Other files that share weights with this one, as the decoder with a past does with the one without: pruned in step. Only what both can lose leaves, and weights that stay are the same in both. Not with
   * plug-ins, whose units leave one model at a time. Default none.
   */
  companions?: readonly (string | Model)[] | undefined;
  /** Whether results can be proven (`prove`): finds inputs that the model takes, before long work. Default true. */
  verify?: boolean | undefined;
  /** Sizes of free dimensions of inputs, by name, where random inputs are made. Default: sizes are found that the model takes. */
  dims?: Readonly<Record<string, number>> | undefined;
  /** What the outputs are: rows of scores, or embeddings. Default: by their names (docs/texts.md). */
  answers?: AnswerKind | undefined;
  /** Samples per run of the model. Default: chosen by the runtime. */
  batchSize?: number | undefined;
  /** Name of the model in reports. Default: its path, or the graph's name. */
  name?: string | undefined;
  /** Where the model runs. Default: onnxruntime in a child process. */
  runtime?: Runtime | undefined;
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
}

/** The form of each. */
export const OPEN_FIELDS: OptionFields<OpenOptions> = {
  calibration: is.calibration,
  holdBack: is.flag,
  // Checked as foreign code is.
  plugins: is.anything,
  pluginTimeout: is.anything,
  narrowCache: is.flag,
  companions: is.list,
  verify: is.flag,
  dims: is.numbersByName,
  answers: is.oneOf(ANSWER_KINDS),
  batchSize: is.count,
  name: is.text,
  runtime: is.runtime,
  onProgress: is.anyFunction,
  signal: is.signal,
};

/** A context with what was told so far. */
export type OpenContext = Context & { readonly warnings: readonly string[] };

/**
 * Opens a model for pruning: reads and analyses it, asks plug-ins for units, and finds inputs to prove results with. The first stage, whose result all others take. The
 * model itself is never changed.
 *
 * @throws SnpError `not-prunable` if nothing can be pruned; `invalid-argument` if no inputs are found that the model takes; `plugin` for a plug-in that breaks the contract.
 * @example
 * const context = await open('deit_small.onnx', { calibration });
 * const statistics = await calibrate(context);
 */
export async function open(source: string | Model, options: OpenOptions = {}): Promise<OpenContext> {
  checkOptions('open', options, OPEN_FIELDS);
  return openChecked(source, options);
}

/**
 * The same with options that were checked under the name of another function.
 *
 * @param read The model, where it was read before.
 */
export async function openChecked(source: string | Model, options: OpenOptions, read?: Model): Promise<OpenContext> {
  const limits = callLimits(options);
  const plugins = checkPlugins(options.plugins);
  const { batchSize, signal, runtime = onnxRuntime(), narrowCache = false } = options;
  const clock = new Clock(options.onProgress, signal);
  const readIt = () => (typeof source === 'string' ? clock.time('read', () => readModel(source)) : source);
  const original = read ?? (await readIt());
  // The other process opens the model while this one analyses it.
  const opened = options.verify === false ? undefined : openToCompare(source, original, { runtime, signal });
  opened?.catch(() => undefined);
  const [analysis, companions] = await clock
    .time('analyze', async () => withCompanions(prepare(original, { narrowCache }), options))
    .catch(async (error) => {
      await opened?.then((session) => session.close()).catch(() => undefined);
      throw error;
    });
  const { fit, held } = divided(options);
  const data = fit && fingerprinted(filledPadding(fit, analysis.model));
  const proof = opened && {
    runtime,
    original: source,
    opened,
    data,
    dims: options.dims,
    limit: PROOF_SAMPLES,
    seed: VERIFY_DEFAULTS.seed,
    signal,
  };
  return withWarnings({
    name: options.name ?? (typeof source === 'string' ? source : original.graph.name),
    original,
    analysis,
    modelContent: contentOf(analysis.model),
    // Before long work: whether there are inputs to prove the result with.
    proof: proof ? await clock.time('verify', () => Proof.prepare(analysis, proof)) : undefined,
    units: await clock.time('analyze', () => findUnits(analysis, plugins, options)),
    companions,
    data,
    held,
    runtime,
    batchSize,
    answers: options.answers,
    signal,
    limits,
    clock,
  });
}

/** The analysis with what cannot leave all models in step left alone. */
async function withCompanions(
  analysis: Analysis,
  options: OpenOptions,
): Promise<[analysis: Analysis, companions: readonly Companion[]]> {
  const { companions: sources = [], plugins = [], dims, signal, runtime = onnxRuntime(), verify } = options;
  if (sources.length > 0 && plugins.length > 0)
    throw new SnpError(
      'invalid-argument',
      'Units of plug-ins leave one model at a time: prune companions without plug-ins, or one by one.',
    );
  const companions: Companion[] = [];
  const proving = verify === false ? undefined : { runtime, dims, signal };
  for (const source of sources) {
    const model = typeof source === 'string' ? await readModel(source) : source;
    const own = prepare(model, { narrowCache: analysis.narrowCache });
    companions.push(await openCompanion({ source, analysis: own }, analysis, proving));
  }
  const whole = new Map(
    companions.flatMap(({ name, whole }) =>
      [...whole].map(([id, why]): [string, string] => [id, `is pruned in step with ${name}, where ${why}`]),
    ),
  );
  return [whole.size > 0 ? leaveAlone(analysis, whole) : analysis, companions];
}

/** Samples to prove a result on. */
const PROOF_SAMPLES = 2;

function divided({ calibration, holdBack: holds = false }: OpenOptions) {
  return calibration && holds ? holdBack(calibration) : { fit: calibration, held: undefined };
}

/** `modelContent`, worked out when it is first asked for: it reads all weights. */
function contentOf(model: Model): () => string {
  let content: string | undefined;
  return () => {
    content ??= modelContent(model);
    return content;
  };
}

function withWarnings(context: Omit<Context, 'warn'>): OpenContext {
  const warnings: string[] = [];
  return { ...context, warnings, warn: (message) => void warnings.push(message) };
}

/** The same for another analysis of the model, as with some groups left alone; nothing was told of it yet. */
export async function reopened(context: Context, analysis: Analysis): Promise<OpenContext> {
  const { limits, signal } = context;
  const plugins = context.units.map(({ plugin }) => plugin);
  const options = { pluginTimeout: limits.timeout, signal };
  const units = await context.clock.time('analyze', () => findUnits(analysis, plugins, options));
  return withWarnings({ ...context, analysis, units });
}
