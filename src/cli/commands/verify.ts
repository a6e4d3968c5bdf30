import { type Explanation, MOST_REMOVED, verifyMembers, verifyRemoval } from '../../index.ts';
import { type Arguments, usage, wholeNumber } from '../arguments.ts';
import type { Command } from '../command.ts';
import { resolveMembers, splitMembers, strongestMembers } from '../members.ts';
import { follow, passesOf, withExplainer, withSession } from '../session.ts';
import { removalLines } from '../terminal/removal.ts';
import { createStyle } from '../terminal/style.ts';
import { verificationLines } from '../terminal/verification.ts';
import {
  MODEL_FLAGS,
  MODEL_HELP,
  MODEL_VALUES,
  modelRun,
  RUN_FLAGS,
  RUN_HELP,
  RUN_OPTIONAL,
  RUN_VALUES,
  SOURCE_HELP,
  textSource,
} from '../text-options.ts';

/** `--remove`. @throws usage. */
function removedOf(args: Arguments): number | undefined {
  const removed = wholeNumber(args, 'remove', 1, MOST_REMOVED);
  if (removed !== undefined && args.value('members') !== undefined)
    throw usage('verify: expected either --members or --remove, got both; leave one out');
  return removed;
}

/** @throws usage where the text has fewer players. */
function enoughPlayers(removed: number, { players }: Explanation): number {
  if (removed <= players.length) return removed;
  throw usage(`--remove: expected at most the ${players.length} players of this text, got ${removed}; name fewer`);
}

export const verify: Command = {
  name: 'verify',
  summary: 'asks the model itself for every masking of a few words, beside what the explanation predicts for it',
  synopsis: '[TEXT] [--file F] [--stdin] [--members never,fails | --remove R] [options]',
  help: [
    [
      '--members M',
      'up to four words with commas between; a word that stands there twice with its number as printed (not11 for not₁₁); or bare numbers: players from 0 as in --json; default: the largest interaction',
    ],
    [
      '--remove R',
      `instead: look for the 1 … R (at most ${MOST_REMOVED}) words whose removal moves the answer most, and ask the model without them`,
    ],
    ...SOURCE_HELP,
    ...MODEL_HELP,
    ...RUN_HELP,
    ['--json', 'print the result as one JSON document and nothing else'],
  ],
  options: {
    values: ['members', 'remove', 'file', ...MODEL_VALUES, ...RUN_VALUES],
    flags: ['stdin', 'json', ...MODEL_FLAGS, ...RUN_FLAGS],
    optional: RUN_OPTIONAL,
  },
  async run(args, io) {
    const given = args.value('members');
    const parts = given === undefined ? null : splitMembers(given);
    const removed = removedOf(args);
    const run = modelRun(args);
    const source = textSource('verify', args);
    return withSession(io, async (session) => {
      const { progress, interrupts } = session;
      const [text, lens] = await interrupts.orInterrupted(Promise.all([source(), run.lens.read()]));
      const found = await withExplainer(run, session, async (explainer) => {
        const running = explainer.explain(text, { ...run.options, ...lens, onProgress: passesOf(progress, run) });
        const { explanation } = await follow(running, session, (first) => {
          if (parts) resolveMembers(parts, first);
          if (removed) enoughPlayers(removed, first);
        });
        progress.say('asking the model …');
        const { scalar, units, lock, mask, chat } = run.options;
        const ask = (masks: readonly (readonly number[])[]) =>
          explainer.evaluate(text, {
            masks,
            scalar,
            units,
            lock,
            mask,
            chat,
            ...lens,
            ...(run.lens.set ? {} : { target: explanation.target }),
          });
        if (removed) return interrupts.orInterrupted(verifyRemoval(ask, explanation, enoughPlayers(removed, explanation)));
        const members = parts ? resolveMembers(parts, explanation) : strongestMembers(explanation);
        return interrupts.orInterrupted(verifyMembers(ask, explanation, members));
      });
      progress.clear();
      const style = createStyle(io.outDepth);
      if (args.has('json')) io.out(`${JSON.stringify(found)}\n`);
      else if (found.format === 'webspex-removal') io.out(`${removalLines(found, io.columns(), style).join('\n')}\n`);
      else io.out(`${verificationLines(found, io.columns(), style).join('\n')}\n`);
      return 0;
    });
  },
};
