import type { Explanation } from '../src/index.ts';
import type { RemoteExplainer, WordPrior } from '../src/text.ts';

/** Beside the models of the hub, on this device alone; one for each model. An address that is asked of nobody. */
const open = () => caches.open('webspex');
const addressOf = ({ model }: RemoteExplainer) => `https://webspex.invalid/word-priors/${model.sha256}`;

/** What texts explained earlier with this model said of its words; undefined where there are none, or nothing can be kept. */
export async function earlierTexts(engine: RemoteExplainer): Promise<WordPrior | undefined> {
  try {
    return await (await (await open()).match(addressOf(engine)))?.json();
  } catch {
    return undefined; // private frames keep nothing
  }
}

/** Adds a text to them; how many there are then, or null where it told nothing or could not be kept. */
export async function keepText(engine: RemoteExplainer, explanation: Explanation): Promise<number | null> {
  if (!engine.learnWords || explanation.fit.influences === undefined) return null;
  const prior = await engine.learnWords(explanation, await earlierTexts(engine));
  try {
    await (await open()).put(addressOf(engine), new Response(JSON.stringify(prior)));
  } catch {
    return null;
  }
  return prior.texts.length;
}
