// `npm run api`: writes what each package exports into etc/NAME.api.md, one report per entry point, so that a change of the public interface is seen
// in review. With --check it fails where a report is out of date.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { entryPoints, exportedNames, publishedPackages, root } from './workspace.mjs';

const COMPILER = {
  target: 'ES2022',
  lib: ['ES2023'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  skipLibCheck: true,
  types: ['node'],
};

const MESSAGES = {
  extractorMessageReporting: {
    default: { logLevel: 'warning' },
    // Everything that is exported is public: the doc comments carry no release tags.
    'ae-missing-release-tag': { logLevel: 'none' },
    // Names say what most members are.
    'ae-undocumented': { logLevel: 'none' },
  },
  // Doc comments are read by editors, not by TSDoc: they need not follow its grammar.
  tsdocMessageReporting: { default: { logLevel: 'none' } },
};

const check = process.argv.includes('--check');
const temporary = await mkdtemp(join(tmpdir(), 'snp-api-'));
const problems = [];
const stale = [];
try {
  for (const { folder, ...each } of publishedPackages()) {
    const entries = entryPoints({ folder, ...each });
    const known = new Set(entries.flatMap(({ types }) => exportedNames(types)));
    for (const entry of entries) await report(folder, entry, known);
  }
} finally {
  await rm(temporary, { recursive: true, force: true });
}
if (stale.length > 0)
  problems.push(
    `The public interface is not what ${stale.join(', ')} say. Build, run 'npm run api', and commit the reports.`,
  );
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exit(1);
}

/** Writes the report of one entry point, or compares it. `known` are the names that the entry points of its package export. */
async function report(folder, { specifier, types, label }, known) {
  const reportFolder = join(folder, 'etc');
  const reportFileName = `${label}.api.md`;
  await mkdir(reportFolder, { recursive: true });
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      newlineKind: 'lf',
      compiler: { overrideTsconfig: { compilerOptions: COMPILER, files: [types] } },
      apiReport: { enabled: true, reportFolder, reportTempFolder: temporary, reportFileName },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: MESSAGES,
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback(message) {
      message.handled = true;
      const wrong = message.logLevel === ExtractorLogLevel.Error || message.logLevel === ExtractorLogLevel.Warning;
      // That a report differs is said once, with the command that helps.
      if (!wrong || message.messageId.startsWith('console-api-report')) return;
      if (message.messageId === 'ae-forgotten-export' && known.has(/"(\w+)"/.exec(message.text)[1])) return;
      problems.push(`${specifier}: ${message.text}`);
    },
  });
  if (check && apiReportChanged) stale.push(relative(root, join(reportFolder, reportFileName)));
}
