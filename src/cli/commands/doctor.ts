import { usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { diagnose } from '../diagnosis.ts';
import { withSession } from '../session.ts';
import { diagnosisLines } from '../terminal/diagnosis.ts';
import { createStyle } from '../terminal/style.ts';

export const doctor: Command = {
  name: 'doctor',
  summary:
    'says which adapters and backends there are, whether the embedded model is whole and gives the same answers on all, and what to do',
  synopsis: '[--json]',
  help: [['--json', 'print the findings as one JSON document and nothing else']],
  options: { flags: ['json'] },
  async run(args, io) {
    if (args.positionals.length > 0) throw usage(`doctor: expected nothing after it, got ${args.positionals[0]}; leave it out`);
    return withSession(io, async ({ progress, interrupts }) => {
      const found = await interrupts.orInterrupted(diagnose(progress.say));
      progress.clear();
      if (args.has('json')) io.out(`${JSON.stringify(found)}\n`);
      else io.out(`${diagnosisLines(found, io.columns(), createStyle(io.outDepth)).join('\n')}\n`);
      return found.exitCode;
    });
  },
};
