import type { PruneResult, Verification } from '@snp/core';
import { fileSize } from '../options/files.js';
import { printJson } from './json.js';
import { renderSummary } from './summary.js';
import { printSkipped, printWarnings } from './warnings.js';
import { writeReport } from './writeReport.js';

/** Where a pruned model comes from and goes to. */
interface Places {
  /** File of the original. */
  input: string;
  output: string;
  /** Of the companions, in their order. Default none. */
  companions?: readonly { input: string; output: string }[];
  /** Folder of the report, made before. */
  report: string | undefined;
  json: boolean | undefined;
}

/** Writes a pruned model and its report, and says what came of it. */
export async function writeResult(
  result: PruneResult,
  { input, output, companions = [], report: folder, json }: Places,
): Promise<void> {
  const { report } = result;
  for (const [at, companion] of result.companions.entries()) await companion.write(companions[at].output);
  await result.write(output);
  if (folder !== undefined) await writeReport(folder, report);
  printWarnings(report.warnings);
  printSkipped(report.calibration.skipped);
  const sizes = { before: await fileSize(input), after: await fileSize(output) };
  const inStep = companions.map((place, at) => ({ ...place, verified: result.companions[at].verification }));
  if (json) printJson({ output, fileBytes: sizes, ...(inStep.length > 0 && { companions: inStep }), ...report });
  else process.stdout.write(renderSummary(report, sizes, output, folder) + inStep.map(companionLine).join(''));
}

function companionLine({ output, verified }: { output: string; verified: Verification | undefined }): string {
  return `     in step: ${output}${verified ? ', proven' : ', not proven'}\n`;
}
