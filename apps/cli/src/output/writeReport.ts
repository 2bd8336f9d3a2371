import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type PruneReport, renderReport, SnpError } from '@snp/core';
import { writeTextWhole } from '@snp/onnx/node';

/** Makes the folder of a report before long work begins, so that a bad path fails early. */
export async function makeReportFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new SnpError(
      'io',
      `The report folder ${folder} cannot be made: ${cause.message}.`,
      { file: folder },
      { cause },
    );
  });
}

/** Writes plan.json, report.json and report.html into a folder made before. */
export async function writeReport(folder: string, report: PruneReport): Promise<void> {
  const files = {
    'plan.json': `${JSON.stringify(report.plan, null, 1)}\n`,
    'report.json': `${JSON.stringify(report, null, 1)}\n`,
    'report.html': renderReport(report),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeTextWhole(join(folder, name), text);
  }
}
