// Predicted against measured latency of random plans: node bench/latencyPrediction.mjs MODEL [TARGET] [PLANS] [TABLE] [BATCH]
import { readFile, writeFile } from 'node:fs/promises';
import { fitLatency, latencyOn, profileWidths, targetByName } from '@snp/bench';
import { prepare } from '@snp/core';
import { anyUnits, laneWidth } from '@snp/core/planning';
import { applyPlan } from '@snp/core/stages';
import { readModel } from '@snp/onnx/node';

const [path, name = 'cpu', count = '20', stored, batch = '1'] = process.argv.slice(2);
if (!path) throw new Error('usage: node bench/latencyPrediction.mjs MODEL [TARGET] [PLANS] [TABLE] [BATCH] [TABLE]');

/** A generator of its own: plans that the table knows would prove nothing. */
let state = 987654321;
const random = () => {
  state = (1103515245 * state + 12345) % 2 ** 31;
  return state / 2 ** 31;
};

const target = targetByName(name);
const inputs = { batch: Number(batch) };
const analysis = prepare(await readModel(path));
const start = performance.now();
const known = stored && (await readFile(stored, 'utf8').catch(() => undefined));
const table = known ? JSON.parse(known) : await profileWidths(analysis, target, { inputs });
if (stored && !known) await writeFile(stored, JSON.stringify(table));
const fitted = fitLatency(analysis, table);
const quantile = (list, share) =>
  [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(share * list.length))];
console.log(
  `${table.samples.length} models measured in ${((performance.now() - start) / 1000).toFixed(0)} s, full ${table.fullMs.toFixed(2)} ms,`,
  `padding ${JSON.stringify(fitted.padding)}, error at samples left out: median ${(100 * quantile(fitted.errors, 0.5)).toFixed(1)} %, worst ${(100 * fitted.errors.at(-1)).toFixed(1)} %`,
);

const source = latencyOn(target, { inputs });
const errors = [];
const whole = applyPlan(analysis, anyUnits(analysis, {}));
for (let at = 0; at < Number(count); at++) {
  const level = 0.2 + 0.7 * random();
  const widths = Object.fromEntries(
    analysis.groups.map((group) => {
      const full = laneWidth(group);
      return [group.id, Math.max(1, Math.min(full, Math.round(full * Math.min(1, level + 0.4 * (random() - 0.5)))))];
    }),
  );
  const { ratio } = await source.compare(whole, applyPlan(analysis, anyUnits(analysis, widths)));
  const error = fitted.at(widths) / ratio - 1;
  errors.push(Math.abs(error));
  console.log(
    `plan ${at + 1}: predicted ${fitted.at(widths).toFixed(3)}, measured ${ratio.toFixed(3)}, error ${(100 * error).toFixed(1)} %`,
  );
}
console.log(
  `median error ${(100 * quantile(errors, 0.5)).toFixed(1)} %, worst ${(100 * Math.max(...errors)).toFixed(1)} %`,
);
