import { SnpError } from '@snp/onnx';
import { checkShape, commonFields, isPlain, type Shape } from '../options/checkShape.js';
import { checkCriterion } from './defineCriterion.js';
import { PLUGIN_CONTRACT, type Plugin } from './plugin.js';

const isFraction = (value: unknown) => typeof value === 'number' && value >= 0 && value < 1;

const PLUGIN: Shape = {
  what: 'plug-in',
  fields: {
    ...commonFields(PLUGIN_CONTRACT),
    find: { is: (value) => typeof value === 'function', form: 'a function', required: true },
    criterion: { is: (value) => typeof value === 'object' && value !== null, form: 'a criterion' },
    ratios: {
      is: (value) => isPlain(value) && Object.values(value).every(isFraction),
      form: 'fractions from 0 to below 1, by kind or group id',
    },
  },
  form: "{ name: 'mine', find(analysis) { return []; }, criterion?: {...}, ratios?: { head: 0.25 } }",
};

/**
 * A plug-in, checked where it is written.
 *
 * @returns What it was given.
 * @throws SnpError `plugin` if it is not in the form of a plug-in, or written for another version of the contract.
 * @example
 * const nothing = definePlugin({ name: 'nothing', find: () => [] });
 * await prune(model, { budget: { macs: 0.6 }, plugins: [nothing] });
 */
export function definePlugin(plugin: Plugin): Plugin {
  return checkPlugin(plugin);
}

/** Checks that something is a plug-in; throws `plugin`. */
function checkPlugin(value: unknown): Plugin {
  checkShape(value, PLUGIN);
  const plugin = value as Plugin;
  if (plugin.criterion) checkCriterion(plugin.criterion);
  return plugin;
}

/** Checks the plug-ins of a run, which must differ in name. */
export function checkPlugins(values: readonly unknown[] | undefined = []): readonly Plugin[] {
  if (!Array.isArray(values)) throw new SnpError('plugin', 'Plug-ins are given as a list: plugins: [mine].');
  const plugins = values.map(checkPlugin);
  const twice = plugins.find(({ name }, at) => plugins.findIndex((other) => other.name === name) < at);
  if (twice) throw new SnpError('plugin', `Two plug-ins are called '${twice.name}'. Leave one of them out.`);
  return plugins;
}
