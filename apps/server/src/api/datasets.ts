import { z } from '@hono/zod-openapi';
import { id, location, name, sha256, time } from './common.js';
import { pageOf, pageQuery } from './page.js';
import { body, idempotencyHeader, idParam, json, problem, route } from './route.js';

/** Typical inputs. */
export const datasetSchema = z
  .object({
    id,
    name,
    kind: z.enum(['pictures', 'arrays']).describe('pictures, flat or in class folders; or .npy and .npz files'),
    files: z.number().int(),
    bytes: z.number(),
    sha256: sha256.describe('of the list of names and contents'),
    created: time,
  })
  .openapi('Dataset');

export const listDatasets = route({
  tag: 'datasets',
  access: 'read',
  method: 'get',
  path: '/api/datasets',
  summary: 'Data sets, newest first',
  request: { query: pageQuery },
  responses: { 200: json(pageOf(datasetSchema).openapi('DatasetPage'), 'A page of data sets') },
});

export const createDataset = route({
  tag: 'datasets',
  access: 'run',
  method: 'post',
  path: '/api/datasets',
  summary: 'Make a data set of uploads',
  request: {
    headers: idempotencyHeader,
    body: body(
      z
        .strictObject({
          name,
          files: z
            .array(
              z.strictObject({
                path: location.describe('name within the data set, as in `cat/1.jpg`; a .zip is unpacked in its place'),
                upload: z.string().max(64),
              }),
            )
            .min(1)
            .max(50_000),
        })
        .openapi('NewDataset'),
    ),
  },
  responses: {
    200: json(datasetSchema, 'The very same files are there already, under this name'),
    201: json(datasetSchema, 'Made'),
    409: problem('An upload is not complete'),
    422: problem(
      'Files are no pictures and no arrays, a name leads out of the folder, or an archive is damaged or too large',
    ),
  },
});

export const getDataset = route({
  tag: 'datasets',
  access: 'read',
  method: 'get',
  path: '/api/datasets/{id}',
  summary: 'One data set',
  request: { params: idParam },
  responses: { 200: json(datasetSchema, 'The data set'), 404: problem('There is no such data set') },
});

export const deleteDataset = route({
  tag: 'datasets',
  access: 'run',
  method: 'delete',
  path: '/api/datasets/{id}',
  summary: 'Remove a data set; results that came of it stay',
  request: { params: idParam },
  responses: {
    204: { description: 'Gone' },
    404: problem('There is no such data set'),
    409: problem('Jobs are using it'),
  },
});
