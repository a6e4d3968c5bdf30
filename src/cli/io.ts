import { WriteStream } from 'node:tty';

/** Bits of colour a terminal shows: none, 16, 256 or all. */
export type ColourDepth = 1 | 4 | 8 | 24;

/** Where a command writes: results to `out`, everything else to `err`. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly outDepth: ColourDepth;
  readonly errDepth: ColourDepth;
  readonly errIsTerminal: boolean;
  /** Characters in a line, at most 100. */
  columns(): number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Colours only on a terminal and without NO_COLOR; FORCE_COLOR asks for them anywhere. */
export function colourDepth(isTerminal: boolean, env: Environment): ColourDepth {
  if (env.NO_COLOR) return 1;
  if (!isTerminal && !env.FORCE_COLOR) return 1;
  return WriteStream.prototype.getColorDepth.call({} as WriteStream, { ...env }) as ColourDepth;
}

/** This process's own streams; a reader that goes away early (`| head`) is no error. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  const width = () => process.stdout.columns ?? process.stderr.columns ?? 80;
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    outDepth: colourDepth(process.stdout.isTTY === true, process.env),
    errDepth: colourDepth(process.stderr.isTTY === true, process.env),
    errIsTerminal: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
    columns: () => Math.max(40, Math.min(100, width())),
  };
}
