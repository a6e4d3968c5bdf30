import { verifyMembers } from '../../index.ts';
import type { Command } from '../command.ts';
import { resolveMembers, splitMembers, strongestMembers } from '../members.ts';
import { follow, passesOf, withExplainer, withSession } from '../session.ts';
import { createStyle } from '../terminal/style.ts';
import { verificationLines } from '../terminal/verification.ts';
import { MODEL_HELP, MODEL_VALUES, modelRun, RUN_HELP, RUN_VALUES, SOURCE_HELP, textSource } from '../text-options.ts';

export const verify: Command = {
  name: 'verify',
  summary: 'asks the model itself for every masking of a few words, beside what the explanation predicts for it',
  synopsis: '[TEXT] [--file F] [--stdin] [--members never,fails] [options]',
  help: [
    [
      '--members M',
      'up to four words with commas between; a word that stands there twice with its number as printed (not11 for not₁₁); or bare numbers: players from 0 as in --json; default: the largest interaction',
    ],
    ...SOURCE_HELP,
    ...MODEL_HELP,
    ...RUN_HELP,
    ['--json', 'print the result as one JSON document and nothing else'],
  ],
  options: { values: ['members', 'file', ...MODEL_VALUES, ...RUN_VALUES], flags: ['stdin', 'json'] },
  async run(args, io) {
    const given = args.value('members');
    const parts = given === undefined ? null : splitMembers(given);
    const source = textSource('verify', args);
    const run = modelRun(args);
    return withSession(io, async (session) => {
      const { progress, interrupts } = session;
      const text = await interrupts.orInterrupted(source());
      const found = await withExplainer(run, session, async (explainer) => {
        const running = explainer.explain(text, { ...run.options, onProgress: passesOf(progress, run.options.units) });
        const { explanation } = await follow(running, session, (first) => parts && resolveMembers(parts, first));
        const members = parts ? resolveMembers(parts, explanation) : strongestMembers(explanation);
        progress.say('asking the model …');
        const { scalar, units, lock, mask } = run.options;
        const ask = (masks: readonly (readonly number[])[]) =>
          explainer.evaluate(text, { masks, target: explanation.target, scalar, units, lock, mask });
        return interrupts.orInterrupted(verifyMembers(ask, explanation, members));
      });
      progress.clear();
      if (args.has('json')) io.out(`${JSON.stringify(found)}\n`);
      else io.out(`${verificationLines(found, io.columns(), createStyle(io.outDepth)).join('\n')}\n`);
      return 0;
    });
  },
};
