import { serveEngine } from './cli/engine/child.ts';

await serveEngine(process, process.argv[2]);
