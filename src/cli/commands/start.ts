import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { wholeNumber } from '../arguments.ts';
import type { Command } from '../command.ts';
import { onInterrupt } from '../interrupts.ts';
import type { Io } from '../io.ts';
import { builtFile } from '../paths.ts';
import { createFileServer, listenLocally } from '../serve.ts';
import { follow, withExplainer, withSession } from '../session.ts';
import { reportLines } from '../terminal/report.ts';
import { createStyle } from '../terminal/style.ts';
import { MODEL_HELP, modelRun, RUN_HELP } from '../text-options.ts';

const SAMPLE = 'Her acting never fails to impress, but the plot is not bad, not great.';

/** Explains the sample in the terminal; 130 where it was interrupted. */
function explainSample(run: ReturnType<typeof modelRun>, io: Io): Promise<number> {
  return withSession(io, async (session) => {
    const { explanation } = await withExplainer(run, session, (explainer) =>
      follow(explainer.explain(SAMPLE, { ...run.options, onProgress: session.progress.passes }), session),
    );
    session.progress.clear();
    io.out(`${reportLines(explanation, io.columns(), createStyle(io.outDepth)).join('\n')}\n`);
    return 0;
  });
}

function untilInterrupted(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      forget();
      server.close(() => resolve());
      server.closeAllConnections();
    };
    const forget = onInterrupt(end, () => process.exit(0));
  });
}

/** Serves the built page until Ctrl-C. @throws usage where the port is taken. */
async function servePage(page: string, port: number | undefined, io: Io): Promise<number> {
  const server = createFileServer(dirname(page));
  const got = await listenLocally(server, port);
  const style = createStyle(io.outDepth);
  io.out(`\nThe page, on this machine only: ${style.bold(`http://127.0.0.1:${got}/`)}  (Ctrl-C ends)\n`);
  await untilInterrupted(server);
  return 0;
}

export const start: Command = {
  name: 'start',
  summary: 'explains a sample sentence here, then serves the demo page on this machine; what npm start runs',
  synopsis: '[--port N] [--no-serve] [--device D] [--budget N]',
  help: [
    ['--port N', 'port to serve on; default 4173, or the next one that is free'],
    ['--no-serve', 'stop after the explanation'],
    ...MODEL_HELP.filter(([option]) => option.startsWith('--device')),
    ...RUN_HELP.filter(([option]) => option.startsWith('--budget')),
  ],
  options: { values: ['port', 'device', 'budget'], flags: ['no-serve'] },
  async run(args, io) {
    const port = wholeNumber(args, 'port', 0, 65_535);
    const run = modelRun(args);
    const page = args.has('no-serve') ? null : builtFile('demo', 'index.html');
    const exitCode = await explainSample(run, io);
    return exitCode !== 0 || page === null ? exitCode : servePage(page, port, io);
  },
};
