import type { Server } from 'node:http';
import { dirname } from 'node:path';
import type { DeviceInfo } from '../../index.ts';
import { usage, wholeNumber } from '../arguments.ts';
import type { Command } from '../command.ts';
import { onInterrupt } from '../interrupts.ts';
import type { Io } from '../io.ts';
import { builtFile } from '../paths.ts';
import { createFileServer, listenLocally } from '../serve.ts';
import { follow, withExplainer, withSession } from '../session.ts';
import { reportLines } from '../terminal/report.ts';
import { createStyle } from '../terminal/style.ts';
import { MODEL_HELP, modelRun } from '../text-options.ts';

const SAMPLE = 'Her acting never fails to impress, but the plot is not bad, not great.';

/** A software adapter and the reference make a few passes a second: enough for a look at unseen masks, and no more. */
const SOFTWARE_BUDGET = 256;

/** What to spend where nothing is asked for. */
export function sampleBudget(asked: number | undefined, { software }: Pick<DeviceInfo, 'software'>): number | undefined {
  return asked ?? (software ? SOFTWARE_BUDGET : undefined);
}

/** Explains the sample in the terminal; 130 where it was interrupted. */
function explainSample(run: ReturnType<typeof modelRun>, io: Io): Promise<number> {
  return withSession(io, async (session) => {
    const { explanation } = await withExplainer(run, session, (explainer) => {
      const budget = sampleBudget(run.options.budget, explainer.device);
      return follow(explainer.explain(SAMPLE, { ...run.options, budget, onProgress: session.progress.passes }), session);
    });
    session.progress.clear();
    io.out(`${reportLines(explanation, io.columns(), createStyle(io.outDepth)).join('\n')}\n`);
    return 0;
  });
}

/** A server that listens, and where. */
interface Listening {
  readonly server: Server;
  readonly port: number;
}

/** Opens the door before any work is done, so that a port in use is found at once. @throws not-found, usage. */
async function openPage(port: number | undefined): Promise<Listening> {
  const server = createFileServer(dirname(builtFile('demo', 'index.html')));
  return { server, port: await listenLocally(server, port) };
}

function close({ server }: Listening): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Says where the page is, and waits for Ctrl-C. */
async function serveUntilInterrupted(page: Listening, io: Io): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    onInterrupt(resolve, () => process.exit(0));
  });
  const { bold } = createStyle(io.outDepth);
  io.out(`\nThe page, on this machine only: ${bold(`http://127.0.0.1:${page.port}/`)}  (Ctrl-C ends)\n`);
  await interrupted;
}

export const start: Command = {
  name: 'start',
  summary: 'explains a sample sentence here, then serves the demo page on this machine; what npm start runs',
  synopsis: '[--port N] [--no-serve] [--device D] [--budget N]',
  help: [
    ['--port N', 'port to serve on; default 4173, or the next one that is free'],
    ['--no-serve', 'stop after the explanation'],
    ...MODEL_HELP.filter(([option]) => option.startsWith('--device')),
    ['--budget N', `most masked passes to spend; default 1024, on a software adapter or the reference ${SOFTWARE_BUDGET}`],
  ],
  options: { values: ['port', 'device', 'budget'], flags: ['no-serve'] },
  async run(args, io) {
    if (args.positionals.length > 0)
      throw usage(`start: expected no text, got one; use webspex explain ${JSON.stringify(args.positionals[0])}`);
    const port = wholeNumber(args, 'port', 0, 65_535);
    const run = modelRun(args);
    const page = args.has('no-serve') ? null : await openPage(port);
    try {
      const exitCode = await explainSample(run, io);
      if (exitCode === 0 && page) await serveUntilInterrupted(page, io);
      return exitCode;
    } finally {
      if (page) await close(page);
    }
  },
};
