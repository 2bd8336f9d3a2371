import { dirname } from 'node:path';
import { SnpError } from '@snp/onnx';
import type { ModelFiles } from '../../shelf/models.js';
import { PLACES } from '../../tasks/task.js';
import type { JobRow } from '../job.js';
import type { StagedFile } from './kind.js';

/** Release of the algorithms: results of another one are other results. */
export const RELEASE = 1;

/** A model as keys of jobs know it: without names and sizes. */
export interface WorkModel {
  sha256: string;
  data: { location: string; sha256: string }[];
}

export function workModel({ sha256, data }: ModelFiles): WorkModel {
  return { sha256, data: data.map(({ location, sha256: own }) => ({ location, sha256: own })) };
}

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
