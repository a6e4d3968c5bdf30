import type { DeviceChoice, DeviceInfo, ProgressEvent, RemoteExplainer } from '../src/text.ts';
import { startEngine } from './engine.ts';
import { enter } from './page-state.ts';
import { parts } from './parts.ts';
import { sayVerify, session } from './session.ts';
import { sayBudget } from './settings.ts';
import { ADVICE, megabytes, strings } from './strings.ts';

/** Passes (as a power of two) that a slow device starts with: a first look and one more, in well under a minute. */
const SLOW_BUDGET = 7;

/** Loads the model into a fresh worker. @throws WebspexError whatever loading throws. */
export async function load(device: DeviceChoice): Promise<void> {
  const sizes = new Map<string, readonly [number, number]>();
  enter('loading');
  unload();
  parts.model.className = 'chip busy';
  parts.model.textContent = strings.loading;
  try {
    session.engine = await startEngine(device, (event) => sayLoading(sizes, event));
  } catch (error) {
    unload();
    session.waiting = false;
    throw error;
  }
  sayLoaded(session.engine, device);
}

/** Ends the worker: it is dead, or another is to follow. */
export function unload(): void {
  session.engine?.destroy();
  session.engine = null;
  parts.model.className = 'chip';
  parts.model.textContent = strings.failed;
  sayVerify();
}

function sayLoading(sizes: Map<string, readonly [number, number]>, { file, loaded, total }: ProgressEvent): void {
  if (file === undefined || loaded === undefined || !total) return;
  sizes.set(file, [loaded, total]);
  const [have, all] = [...sizes.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
  parts.model.textContent = strings.loadingFile(megabytes(have, all));
  parts.model.style.setProperty('--loaded', `${Math.floor((100 * have) / all)}%`);
}

function sayLoaded({ model, device }: RemoteExplainer, asked: DeviceChoice): void {
  const cpu = device.backend === 'reference';
  const slow = cpu || device.software;
  parts.model.className = 'chip ready';
  parts.model.textContent = strings.ready(cpu ? strings.cpu : device.adapter);
  for (const label of model.labels)
    if (![...parts.target.options].some((o) => o.value === label)) parts.target.append(new Option(label, label));
  if (model.labels.includes(session.linkTarget)) parts.target.value = session.linkTarget;
  session.speed = { rate: 0, device: strings.device[cpu ? 'cpu' : device.software ? 'software' : 'gpu'] };
  if (slow && !session.budgetChosen) parts.budget.value = String(SLOW_BUDGET);
  enter('ready');
  const before = parts.status.textContent === strings.waiting ? '' : parts.status.textContent; // a link may have said something
  parts.status.textContent = [before, slow ? slowSentence(device, asked) : ''].filter(Boolean).join(' ');
  sayBudget(session.speed);
  sayVerify();
}

/** Never a silent fallback: why there is no GPU, and what was done about it. */
function slowSentence(device: DeviceInfo, asked: DeviceChoice): string {
  const slow = strings.slow(session.speed.device, session.budgetChosen ? null : 2 ** Number(parts.budget.value));
  if (device.backend === 'webgpu' || asked === 'reference') return slow;
  const reason = !isSecureContext ? 'insecure-context' : 'gpu' in navigator ? 'no-adapter' : 'no-webgpu';
  return `${ADVICE[reason].cause} ${slow}`;
}
