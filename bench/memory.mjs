#!/usr/bin/env node
// What a causal model costs in memory: node bench/memory.mjs FILE.gguf [PASSES], after npm run build. One process loads the model in WebAssembly and
// explains one sentence; resident bytes in MiB, CPU-seconds of loading and of the passes. `taskset -c 0` in front gives one thread.
import { explainer } from '../dist/text.js';

const [model, passes = '64'] = process.argv.slice(2);
if (model === undefined || !(Number(passes) >= 16)) {
  process.stderr.write(
    'memory: expected FILE.gguf [PASSES], at least 16; for example ../shared/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf 64\n',
  );
  process.exit(2);
}
const TEXT = 'Tom has 3 apples. He buys 1 more apple at the shop. The number of apples Tom has now is';
const mib = (bytes) => Math.round(bytes / 2 ** 20);
const peak = () => mib(1024 * process.resourceUsage().maxRSS);
const seconds = ({ user, system }) => (user + system) / 1e6;

const started = process.cpuUsage();
const { explain, device, destroy } = await explainer('text-generation', model, { device: 'wasm' });
const loading = process.cpuUsage(started);
const loaded = { rss: mib(process.memoryUsage().rss), peak: peak() };
const before = process.cpuUsage();
const { values } = await explain(TEXT, { target: '4 vs 5', mask: 'remove', budget: Number(passes) }).result;
const running = process.cpuUsage(before);
const out = { device: device.adapter, passes: Number(passes), loaded, after: mib(process.memoryUsage().rss), peak: peak() };
process.stdout.write(`${JSON.stringify({ ...out, cpuSeconds: { load: seconds(loading), passes: seconds(running) }, values })}\n`);
destroy();
