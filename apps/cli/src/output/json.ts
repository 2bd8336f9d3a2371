/** Writes one JSON document to stdout; everything else a command says goes to stderr. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}
