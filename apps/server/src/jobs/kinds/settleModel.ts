import { SnpError } from '@snp/onnx';
import type { Models } from '../../catalog/models.js';
import type { JobRow } from '../job.js';
import type { Settled } from './kind.js';

/** Puts the model that a job made into the catalog, and names it in the result. */
export function settleModel(
  job: JobRow,
  name: string,
  result: object,
  files: ReadonlyMap<string, { sha256: string; bytes: number }>,
  models: Models,
): Settled {
  const file = files.get(name);
  if (!file) throw new SnpError('io', `The job made no file ${name}.`);
  const dataFile = files.get(`${name}.data`);
  const data = dataFile ? [{ location: `${name}.data`, ...dataFile }] : [];
  return {
    result,
    settle: async (sql) => {
      const { row } = await models.add(sql, {
        name,
        sha256: file.sha256,
        bytes: file.bytes + (dataFile?.bytes ?? 0),
        data,
        origin: { model: job.model!, job: job.id },
        createdBy: job.created_by,
        token: job.token,
      });
      await sql.query('update snp.jobs set result = result || $2 where id = $1', [
        job.id,
        JSON.stringify({ model: row.id }),
      ]);
    },
  };
}
