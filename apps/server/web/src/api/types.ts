import type { components } from '../../../openapi.js';

type Schemas = components['schemas'];

export type About = Schemas['About'];
export type Analysis = Schemas['Analysis'];
export type Block = Schemas['Block'];
export type Cost = Schemas['Cost'];
export type Dataset = Schemas['Dataset'];
export type Device = Schemas['Device'];
export type Fidelity = Schemas['Fidelity'];
export type FrozenPart = Schemas['FrozenPart'];
export type Group = Schemas['Group'];
export type Job = Schemas['Job'];
export type LogLine = Schemas['LogLine'];
export type Model = Schemas['Model'];
export type Plan = Schemas['Plan'];
export type Prediction = Schemas['Prediction'];
export type PredictionRequest = Schemas['PredictionRequest'];
export type Session = Schemas['Session'];
export type SweepPoint = Schemas['SweepPoint'];
export type Token = Schemas['Token'];
export type TradeOff = Schemas['TradeOff'];
export type Upload = Schemas['Upload'];

export type JobOf<T extends Job['type']> = Extract<Job, { type: T }>;
export type PruneJob = JobOf<'prune'>;
export type PruneResult = NonNullable<PruneJob['result']>;
export type NewPruning = Schemas['NewPruning'];
export type BenchmarkResult = Schemas['BenchmarkResult'];
export type Kind = Group['kind'];

/** Jobs that have come to their end. */
export function ended(job: Job): boolean {
  return job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
}
