import { dirname } from 'node:path';
import { SnpError } from '@snp/onnx';
import { PLACES } from '../../tasks/task.js';
import type { JobRow } from '../job.js';
import type { WorkModel } from '../workModel.js';
import type { StagedFile } from './kind.js';

/** A model's files in a job's folder. */
export function modelFiles({ sha256, data }: WorkModel): StagedFile[] {
  const folder = dirname(PLACES.model);
  return [
    { path: PLACES.model, sha256 },
    ...data.map((file) => ({ path: `${folder}/${file.location}`, sha256: file.sha256 })),
  ];
}

/** The statistics that a job made. */
export function statisticsFile(job: JobRow, at: number): StagedFile {
  const file = job.artefacts.find(({ name }) => name === 'statistics.safetensors');
  if (!file) throw new SnpError('calibration', `The calibration ${job.id} has no statistics.`);
  return { path: PLACES.statistics(at), sha256: file.sha256 };
}

/** The name of a model without its ending. */
export function stem(name: string): string {
  return name.replace(/\.onnx$/i, '');
}
