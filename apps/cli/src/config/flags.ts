import { DATA_OPTIONS } from '../options/data.js';
import type { ParsedConfig } from './schema.js';

/** A configuration as flags that several commands share. */
export function commonFlags({ calibration, statistics, criterion, plugins = [], ...config }: ParsedConfig) {
  const inline = typeof criterion === 'object' ? [criterion] : [];
  const sources = [...plugins, ...inline];
  const { data: calib, ...reading } =
    typeof calibration === 'string' ? { data: calibration } : (calibration ?? { data: undefined });
  return {
    calib,
    ...reading,
    stats: typeof statistics === 'string' ? [statistics] : statistics,
    criterion: typeof criterion === 'object' ? (criterion as { name?: string }).name : criterion,
    plugin: sources.length > 0 ? sources : undefined,
    pluginTimeout: config.pluginTimeout,
    round: config.round,
    seed: config.seed,
    least: config.least,
    followLinks: config.followLinks,
  };
}

/** As flags of `snp prune`. */
export function pruneFlags(config: ParsedConfig) {
  const { budget, count, ratios, dims, preset, latency, plan, target, table, allocation, report, output } = config;
  const { reconstruct, tune, holdBack, narrowCache, companions, answers, verify } = config;
  return {
    ...commonFlags(config),
    keepMacs: budget?.macs,
    keepParams: budget?.params,
    keepBytes: budget?.bytes,
    count,
    ratio: ratios,
    dim: dims,
    ...{
      preset,
      latency,
      plan,
      target,
      table,
      allocation,
      compensation: config.compensation ?? config.recovery,
      reconstruct,
      tune,
      holdBack,
      narrowCache,
      companion: companions,
      answers,
      verify,
      report,
      output,
    },
  };
}

/** As flags of `snp sweep`. */
export function sweepFlags({ sweep, ...config }: ParsedConfig) {
  return {
    ...commonFlags(config),
    dim: config.dims,
    verify: config.verify,
    narrowCache: config.narrowCache,
    answers: config.answers,
    ...sweep,
    keep: sweep?.keep?.toSorted((a, b) => b - a),
  };
}

const TARGETS = ['preset', 'keepMacs', 'keepParams', 'keepBytes', 'latency', 'ratio', 'plan'];

/** Which flags of `snp prune` a configuration does not get to set: those that others rule out. */
export function pruneDrops(flags: Readonly<Record<string, unknown>>, given: ReadonlySet<string>): string[] {
  const aimed = TARGETS.some((name) => given.has(name));
  const has = (name: string) => flags[name] !== undefined && (given.has(name) || !aimed || !TARGETS.includes(name));
  const limits = ['keepMacs', 'keepParams', 'keepBytes'].some(has);
  const divides = ['keepMacs', 'keepParams', 'keepBytes', 'latency'].some(has);
  return [
    ...(aimed ? TARGETS : []),
    ...(has('plan') ? ['criterion', 'round'] : []),
    ...(has('latency') ? [] : ['target', 'table']),
    ...(divides ? [] : ['allocation', 'least']),
    ...(limits ? [] : ['count']),
    ...(flags.criterion === 'random' || has('calib') ? [] : ['seed']),
    ...(has('calib') && flags.calib !== false ? [] : ['tune', ...DATA_OPTIONS]),
  ];
}

/** Which flags of `snp sweep` a configuration does not get to set. */
export function sweepDrops(flags: Readonly<Record<string, unknown>>, given: ReadonlySet<string>): string[] {
  return [
    ...(given.has('calib') ? ['stats'] : []),
    ...(given.has('stats') ? ['calib', ...DATA_OPTIONS] : []),
    ...(flags.criterion === 'random' ? [] : ['seed']),
  ];
}
