/** A model as keys of jobs know it: without names and sizes. */
export interface WorkModel {
  sha256: string;
  data: { location: string; sha256: string }[];
}

/** That of a model, whatever else is known of it. */
export function workModel({ sha256, data }: WorkModel): WorkModel {
  return { sha256, data: data.map(({ location, sha256: own }) => ({ location, sha256: own })) };
}
