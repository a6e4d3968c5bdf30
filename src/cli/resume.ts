import type { EvaluationLog } from '../index.ts';
import type { Arguments } from './arguments.ts';
import { evaluationLog } from './evaluation-log.ts';
import { checkWritable } from './files.ts';
import type { Session } from './session.ts';
import { count } from './terminal/numbers.ts';

export const RESUME_VALUES = ['resume'] as const;

export const RESUME_HELP = [
  [
    '--resume LOG',
    'keep every value in this file as it comes; where it holds values of the same question already, go on from there with any method, budget or seed: none of them is asked for again',
  ],
] as const;

/** The file of `--resume`, looked at before anything is started. @throws usage. */
export function resumeOf(args: Arguments): string | undefined {
  const file = args.value('resume');
  checkWritable('resume', file);
  return file;
}

/** Hands `work` the log that was asked for, and says what it holds, also where `work` fails; `own` is as in `evaluationLog`. */
export async function withLog<T>(
  file: string | undefined,
  own: Readonly<Record<string, unknown>>,
  { progress }: Session,
  work: (log: EvaluationLog | undefined) => Promise<T>,
): Promise<T> {
  if (file === undefined) return work(undefined);
  const log = evaluationLog(file, own);
  let added = 0;
  let opened = false;
  const counted: EvaluationLog = {
    async open(question) {
      const values = await log.open(question);
      opened = true;
      if (values.size > 0) progress.note(`${file} holds ${count(values.size)} values of this question`);
      return values;
    },
    add(mask, value) {
      added++;
      log.add(mask, value);
    },
    flush: () => log.flush(),
  };
  try {
    return await work(counted);
  } catch (error) {
    await log.close();
    if (opened) progress.note(`${count(log.held + added)} values are kept in ${file}; the same command goes on from there`);
    throw error;
  } finally {
    await log.close();
  }
}
