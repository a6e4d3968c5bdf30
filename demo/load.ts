import { megabytes } from '../src/element.ts';
import type { RemoteExplainer } from '../src/text.ts';
import { startEngine } from './engine.ts';
import { type Loading, loadingTally } from './loading-tally.ts';
import { offerTargets } from './model-choice.ts';
import { clearProblem, enter } from './page-state.ts';
import { parts } from './parts.ts';
import { chosenLens } from './players.ts';
import { sayVerify, session } from './session.ts';
import { chosenDevice, sayBudget } from './settings.ts';
import { strings } from './strings.ts';
import { whyCpu } from './why-cpu.ts';

/** Passes (as a power of two) to start with: on a slow device a first look and one more, in well under a minute. */
const BUDGET = 10;
const SLOW_BUDGET = 7;

let latest = new AbortController();

/** Whether the loaded model can be asked for the chosen players: training examples need an encoder without its head. */
export function fitsPlayers(): boolean {
  return session.engine?.task === 'text-generation' || session.headless === (chosenLens() === 'data');
}

/**
 * Loads the model on the chosen device, in a fresh worker. A load that is overtaken by another ends without an engine and without an
 * error. @throws WebspexError whatever loading throws.
 */
export async function load(): Promise<void> {
  const tally = loadingTally();
  const asked = chosenDevice();
  latest.abort();
  latest = new AbortController();
  const { signal } = latest;
  clearProblem();
  enter('loading');
  unload();
  parts.model.className = 'chip busy';
  parts.model.textContent = strings.loading;
  try {
    const headless = chosenLens() === 'data';
    const engine = await startEngine({
      own: session.own,
      task: headless ? 'feature-extraction' : undefined,
      device: asked,
      signal,
      onProgress: (event) => !signal.aborted && sayLoading(tally(event)),
    });
    const why = await whyCpu(engine.device, asked);
    if (signal.aborted) return engine.destroy();
    session.engine = engine;
    session.headless = headless;
    sayLoaded(engine, why);
  } catch (error) {
    if (signal.aborted) return;
    unload();
    session.waiting = false;
    throw error;
  }
}

/** Ends the worker: it is dead, or another is to follow. */
export function unload(): void {
  session.engine?.destroy();
  session.engine = null;
  parts.model.className = 'chip';
  parts.model.textContent = strings.failed;
  parts.where.textContent = strings.where.nowhere;
  parts.verified.replaceChildren(); // of answers that were asked for, none comes any more
  sayVerify();
}

function sayLoading({ loaded, total }: Loading): void {
  if (loaded === 0) return;
  parts.model.textContent = strings.loadingFile(megabytes(loaded, total));
  parts.model.style.setProperty('--loaded', `${total === null ? 0 : Math.floor((100 * loaded) / total)}%`);
}

function sayLoaded({ model, device, task }: RemoteExplainer, why: string): void {
  const gpu = device.backend === 'webgpu' && !device.software;
  const slow = device.software || device.backend === 'reference';
  parts.model.className = 'chip ready';
  parts.model.textContent = strings.ready(device.adapter);
  parts.where.textContent = strings.where[gpu ? 'gpu' : 'cpu'];
  offerTargets(task, model.labels, chosenLens());
  if (model.labels.includes(session.linkTarget)) parts.target.value = session.linkTarget;
  session.speed = { rate: 0, device: strings.device[gpu ? 'gpu' : device.backend === 'webgpu' ? 'software' : 'cpu'] };
  if (!session.budgetChosen) parts.budget.value = String(slow ? SLOW_BUDGET : BUDGET);
  enter('ready');
  parts.status.textContent = [session.linkSaid, why, slow ? slowSentence() : ''].filter(Boolean).join(' ');
  session.linkSaid = '';
  sayBudget(session.speed, session.engine?.parts);
  sayVerify();
}

function slowSentence(): string {
  return strings.slow(session.speed.device, session.budgetChosen ? null : 2 ** Number(parts.budget.value));
}
