import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';

/** Tells the joules that the device has used so far. */
export interface EnergyMeter {
  /** Since some fixed time. */
  joules(): Promise<number>;
  close(): void;
}

/** The device's own meter, where it has one that may be read: RAPL of Intel's and AMD's processors, or tegrastats of Jetson boards. */
export async function openEnergyMeter(): Promise<EnergyMeter | undefined> {
  return (await rapl()) ?? (await tegrastats());
}

/** The kernel's power capping framework: a counter in microjoules per package, which starts over at its range. */
async function rapl(): Promise<EnergyMeter | undefined> {
  const folder = '/sys/class/powercap';
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^intel-rapl:\d+$/.test(name));
  const zones = await Promise.all(
    names.map(async (name) => ({
      path: `${folder}/${name}/energy_uj`,
      range: (await numberIn(`${folder}/${name}/max_energy_range_uj`)) ?? 0,
      last: await numberIn(`${folder}/${name}/energy_uj`),
    })),
  );
  const known = zones.filter((zone) => zone.last !== undefined);
  if (known.length === 0) return undefined;
  let used = 0;
  return {
    async joules() {
      for (const zone of known) {
        const now = await numberIn(zone.path);
        if (now === undefined) continue;
        used += now >= zone.last! ? now - zone.last! : now + zone.range - zone.last!;
        zone.last = now;
      }
      return used / 1e6;
    },
    close() {},
  };
}

/** Power of the whole board every tenth of a second, added up. */
function tegrastats(): Promise<EnergyMeter | undefined> {
  return new Promise((resolve) => {
    const child = spawn('tegrastats', ['--interval', '100'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let [used, last] = [0, performance.now()];
    let found = false;
    child.on('error', () => resolve(undefined));
    child.on('exit', () => resolve(undefined));
    child.stdout.on('data', (chunk: Buffer) => {
      const watts = boardPower(chunk.toString());
      if (watts === undefined) return;
      const now = performance.now();
      used += (watts * (now - last)) / 1000;
      last = now;
      if (found) return;
      found = true;
      child.unref();
      resolve({ joules: async () => used, close: () => void child.kill() });
    });
    setTimeout(() => {
      if (found) return;
      child.kill();
      resolve(undefined);
    }, 1000).unref();
  });
}

/** Watts in the last line of what tegrastats prints: `VDD_IN 3210mW/3190mW`, on older boards `POM_5V_IN 2500/2500`. */
function boardPower(text: string): number | undefined {
  const matches = [...text.matchAll(/\b(?:VDD_IN|POM_5V_IN|VIN_SYS_5V0) (\d+)(?:mW)?\//g)];
  const last = matches.at(-1);
  return last && Number(last[1]) / 1000;
}

async function numberIn(path: string): Promise<number | undefined> {
  const content = await readFile(path, 'utf8').catch(() => undefined);
  const value = content === undefined ? Number.NaN : Number(content);
  return Number.isFinite(value) ? value : undefined;
}
