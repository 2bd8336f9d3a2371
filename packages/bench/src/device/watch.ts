import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** What the device did while it measured. */
export interface Observations {
  /** Processors that other programs kept busy, on average over the measurement. Absent where the system does not tell. */
  othersBusy?: number;
  /** Times the processor slowed itself down because it was hot. Absent where the system does not tell. */
  throttled?: number;
}

/**
 * Begins to watch the device. Call the result to learn what happened since, with the seconds of processor time that measuring itself took, if
 * they are known.
 */
export async function watchDevice(): Promise<(ownSeconds: number | undefined) => Promise<Observations>> {
  const [start, busy, throttled] = [performance.now(), processorSeconds(), await throttleCount()];
  return async (ownSeconds) => {
    const seconds = (performance.now() - start) / 1000;
    const [busyNow, throttledNow] = [processorSeconds(), await throttleCount()];
    const others =
      busy === undefined || busyNow === undefined || ownSeconds === undefined ? undefined : busyNow - busy - ownSeconds;
    const slowed = throttled === undefined || throttledNow === undefined ? undefined : throttledNow - throttled;
    return {
      ...(others !== undefined && seconds > 0 && { othersBusy: Math.max(0, others / seconds) }),
      ...(slowed !== undefined && { throttled: slowed }),
    };
  };
}

/** Time that all processors were busy, from the system's own counters. */
function processorSeconds(): number | undefined {
  const times = cpus().map(({ times: t }) => t.user + t.nice + t.sys + t.irq);
  return times.length > 0 ? times.reduce((sum, time) => sum + time, 0) / 1000 : undefined;
}

async function throttleCount(): Promise<number | undefined> {
  const paths = cpus().map((_, at) => `/sys/devices/system/cpu/cpu${at}/thermal_throttle/core_throttle_count`);
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => undefined)));
  return texts.every((text) => text !== undefined)
    ? texts.reduce<number>((sum, text) => sum + Number(text), 0)
    : undefined;
}
