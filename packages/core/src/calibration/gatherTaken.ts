import { type Calibration, isRefusal, runSamples } from '@snp/runtime';
import { firstSamples } from '../data/firstSamples.js';
import { type Gathered, type GatherOptions, gatherStatistics } from './gatherStatistics.js';

/**
 * What can be gathered of a model that the runtime takes, but not with all that is to be looked at: what it refuses is found group by group, on one sample, and left out.
 *
 * @param cause Why all together failed; thrown where that is for another reason, as that the data do not fit.
 * @param warn Told what is left out.
 */
export async function gatherTaken(
  options: GatherOptions,
  cause: unknown,
  warn: (message: string) => void,
): Promise<Gathered> {
  let missing = 0;
  if (!isRefusal(cause)) throw cause;
  const calibration = firstSamples(options.calibration, 1);
  await runOnce(options, calibration);
  const nothing = { ...options, calibration, onProgress: undefined, assignments: [], sums: [], moments: undefined };
  const takes = async (part: Partial<GatherOptions>, what: string) => {
    const refusal = await gatherStatistics({ ...nothing, ...part }).then(
      () => undefined,
      (error) => error,
    );
    if (refusal === undefined) return true;
    if (!isRefusal(refusal)) throw refusal;
    missing++;
    warn(`The calibration data could not be looked at for ${what}, which is compensated without: ${refusal.message}`);
    return false;
  };
  const { moments } = options;
  const groups = [];
  for (const group of moments?.groups ?? [])
    if (await takes({ moments: { ...moments!, groups: [group] } }, `'${group.id}'`)) groups.push(group);
  const sums = [];
  for (const tap of options.sums ?? []) if (await takes({ sums: [tap] }, `'${tap.name}'`)) sums.push(tap);
  if (missing === 0) throw cause;
  return gatherStatistics({ ...options, sums, ...(moments && { moments: { ...moments, groups } }) });
}

/** Runs the model as it is; an error is that of model and data. */
function runOnce({ model, runtime, signal }: GatherOptions, calibration: Calibration): Promise<void> {
  return runSamples({ model, runtime, signal, calibration }, () => undefined);
}
