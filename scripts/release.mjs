// `npm run release`: tests everything, then publishes each package whose version the registry lacks. Run by a maintainer, never by CI.
import { run } from './run.mjs';

// Provenance would tie the archives to a public build service, which makes none of them.
process.env.NPM_CONFIG_PROVENANCE = 'false';
run('npm', ['test']);
run('changeset', ['publish']);
