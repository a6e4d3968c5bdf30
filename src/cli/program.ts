import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { maskText, type ValueFunction, WebspexError } from '../index.ts';

/** A program that answers lines of masks with lines of values. */
export interface Program {
  readonly valueFunction: ValueFunction;
  /** Ends it: by the end of its input, and where that does not do, by force. */
  close(): void;
}

interface Answer {
  readonly id: number;
  resolve(values: readonly unknown[]): void;
  reject(error: WebspexError): void;
}

/** How long the program may take to end when its input has ended. */
const GRACE_MS = 500;
/** Signs of life on standard error that an error message quotes. */
const LAST_WORDS = 160;
/** A line that is longer is no answer. */
const MOST_SHOWN = 80;

function failed(expected: string, got: string): WebspexError {
  return new WebspexError('value-function', `--exec: expected ${expected}, got ${got}; mend the program`);
}

/**
 * Starts `command` in a shell when the first masks are asked for. It reads `{"id":0,"masks":["0110",…]}`, one line each, and answers
 * `{"id":0,"values":[…]}`. Where it ends while it owes an answer it is started again, once a question.
 * @throws (when asked) value-function where it cannot start, ends twice or answers something else.
 */
export function openProgram(command: string): Program {
  let running: Running | null = null;
  let last = 0;
  let closed = false;
  const ask = (line: string, id: number, count: number) => {
    running ??= start(command, () => {
      running = null;
    });
    return running.ask(line, id, count);
  };
  return {
    async valueFunction(masks, { signal, onValue } = {}) {
      const id = last++;
      const line = `${JSON.stringify({ id, masks: Array.from({ length: masks.count }, (_, r) => maskText(masks, r)) })}\n`;
      const stop = () => running?.end();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        const answer = await ask(line, id, masks.count).catch((error: Ended | WebspexError) => {
          if (error instanceof WebspexError || closed || signal?.aborted) throw error;
          return ask(line, id, masks.count);
        });
        return finiteValues(answer, id, onValue);
      } catch (error) {
        if (error instanceof Ended) throw failed('an answer', error.message);
        throw error;
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    close() {
      closed = true;
      running?.end();
    },
  };
}

/** The program went away before it had answered. */
class Ended extends Error {}

interface Running {
  ask(line: string, id: number, count: number): Promise<readonly unknown[]>;
  end(): void;
}

function start(command: string, onEnd: () => void): Running {
  // Its own process group: Ctrl-C is for this process, and a shell does not pass a signal on to what it runs.
  const child = spawn(command, { shell: true, stdio: 'pipe', detached: process.platform !== 'win32' });
  let owed: (Omit<Answer, 'reject'> & { count: number; reject(error: Error): void }) | null = null;
  let words = '';
  const settle = (act: (answer: NonNullable<typeof owed>) => void) => {
    const answer = owed;
    owed = null;
    if (answer) act(answer);
  };
  const kill = () => killGroup(child);
  process.on('exit', kill);
  const ended = (reason: string) => {
    process.off('exit', kill);
    onEnd();
    const said = words.trim().split('\n').at(-1)?.trim().slice(-LAST_WORDS);
    settle(({ reject }) => reject(new Ended(`${reason}${said ? ` (${said})` : ''}`)));
  };
  child.stderr.on('data', (bytes: Buffer) => {
    words = (words + bytes.toString('utf8')).slice(-4000);
  });
  child.stdin.on('error', () => {}); // its end is told by 'close'
  child.on('error', (error) => ended(`a program that does not start: ${error.message}`));
  child.on('close', (code, signal) => ended(signal ? `a program that ended by ${signal}` : `a program that ended with exit code ${code}`));
  createInterface({ input: child.stdout }).on('line', (line) =>
    settle(({ id, count, resolve, reject }) => {
      const read = readAnswer(line, id, count);
      if (read instanceof WebspexError) {
        kill();
        reject(read);
      } else resolve(read);
    }),
  );
  return {
    ask: (line, id, count) =>
      new Promise((resolve, reject) => {
        owed = { id, count, resolve, reject };
        child.stdin.write(line);
      }),
    end() {
      child.stdin.end();
      setTimeout(kill, GRACE_MS).unref();
    },
  };
}

function killGroup(child: ChildProcessWithoutNullStreams): void {
  try {
    if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** What a line lists, or what is wrong with it. */
function readAnswer(line: string, id: number, count: number): readonly unknown[] | WebspexError {
  const shown = line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line;
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    return failed(`a line {"id":${id},"values":[…]} on standard output and nothing else there`, JSON.stringify(shown));
  }
  const { id: told, values } = (answer ?? {}) as { id?: unknown; values?: unknown };
  if (told !== id) return failed(`an answer to id ${id}`, JSON.stringify(shown));
  if (!Array.isArray(values) || values.length !== count)
    return failed(`${count} values for id ${id}`, Array.isArray(values) ? `${values.length}` : JSON.stringify(shown));
  return values;
}

/** The values of an answer; where one is none, those that are have been told before that is said. @throws non-finite. */
function finiteValues(answer: readonly unknown[], id: number, onValue?: (row: number, value: number) => void): Float32Array {
  const isValue = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
  const wrong = answer.findIndex((v) => !isValue(v));
  if (wrong < 0) return Float32Array.from(answer as number[]);
  answer.forEach((v, row) => {
    if (isValue(v)) onValue?.(row, v);
  });
  throw new WebspexError(
    'non-finite',
    `--exec: expected finite numbers, got ${typeof answer[wrong] === 'number' ? answer[wrong] : JSON.stringify(answer[wrong])} for mask ${wrong} of id ${id}; mend the program`,
  );
}
