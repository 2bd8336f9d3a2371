import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { agentCommand } from './commands/agent.js';
import { applyCommand } from './commands/apply.js';
import { benchCommand } from './commands/bench.js';
import { calibrateCommand } from './commands/calibrate.js';
import { compareCommand } from './commands/compare.js';
import { configCommand } from './commands/config.js';
import { evalCommand } from './commands/eval.js';
import { inspectCommand } from './commands/inspect.js';
import { profileCommand } from './commands/profile.js';
import { pruneCommand } from './commands/prune.js';
import { quantizeCommand } from './commands/quantize.js';
import { serveCommand } from './commands/serve.js';
import { sweepCommand } from './commands/sweep.js';
import { tuneCommand } from './commands/tune.js';
import { verifyCommand } from './commands/verify.js';
import { vocabularyCommand } from './commands/vocabulary.js';
import { workerCommand } from './commands/worker.js';

/** The `snp` command with all its subcommands. */
export function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('snp')
    .description('Makes Transformers in ONNX smaller and faster by removing whole neurons.')
    .version(version)
    .showHelpAfterError('(run with --help for the options)')
    .showSuggestionAfterError()
    .exitOverride();
  const commands = [
    inspectCommand,
    calibrateCommand,
    pruneCommand,
    tuneCommand,
    quantizeCommand,
    vocabularyCommand,
    sweepCommand,
    applyCommand,
    verifyCommand,
    evalCommand,
    compareCommand,
    benchCommand,
    profileCommand,
    agentCommand,
    configCommand,
    serveCommand,
    workerCommand,
  ];
  for (const command of commands) program.addCommand(command().copyInheritedSettings(program));
  return program;
}
