import { launchBrowser } from '../support/browser.ts';
import { serveFolder } from '../support/serve.ts';
const out = '/tmp/shots';
const served = await serveFolder(new URL('../../dist/demo', import.meta.url).pathname);
const browser = await launchBrowser();
try {
  const page = await browser.newPage();
  page.on('console', (m) => console.log('console', m.type(), m.text()));
  page.on('pageerror', (e) => console.log('pageerror', e));
  await page.setViewport({ width: 1120, height: 900 });
  await page.goto(served.address, { waitUntil: 'domcontentloaded' });
  const state = () => page.$eval('main', (e) => e.dataset.state);
  const until = async (...w: string[]) => { for (let i = 0; i < 600; i++) { if (w.includes((await state()) ?? '')) return; await new Promise((r) => setTimeout(r, 200)); } throw new Error('timeout ' + (await state())); };
  const type = async (t: string) => page.$eval('#text', (e, t) => { (e as HTMLTextAreaElement).value = t; e.dispatchEvent(new Event('input', { bubbles: true })); }, t);
  const say = async (w: string) => console.log(w, await state(), '|', await page.$eval('#status', (e) => e.textContent), '|', await page.$eval('#problem', (e) => (e as HTMLElement).hidden ? '' : e.textContent?.replace(/\s+/g, ' ')), '|', await page.$eval('#budget-said', (e) => e.textContent));
  await until('ready');
  await page.hover('spex-explanation >>> .word[data-player="3"]');
  await page.screenshot({ path: `${out}/hover.png` });
  // long text
  const long = 'I went to see this film with no great hopes. The first half hour is slow and the jokes are old. But then something happens that I did not expect at all. The two leads begin to listen to each other. From there on nothing is wasted, and nobody overacts. The music is too loud. I would not call it a masterpiece, yet I left the cinema happier than I came in.';
  await type(long); await say('long'); 
  console.log('hint', await page.$eval('#hint', (e) => (e as HTMLElement).hidden ? '-' : e.textContent));
  await page.click('#hint button');
  await page.$eval('#budget', (e) => { (e as HTMLInputElement).value = '6'; e.dispatchEvent(new Event('input', { bubbles: true })); });
  await page.click('#explain'); await until('done', 'error'); await say('sentences');
  await page.screenshot({ path: `${out}/sentences.png`, fullPage: true });
  // method exact with too many
  await page.select('#units', 'word'); await page.select('#method', 'exact');
  await page.click('#explain'); await until('done', 'error'); await say('exact words');
  await page.select('#method', 'auto');
  await type('word '.repeat(600)); await page.click('#explain'); await until('running', 'error'); await until('done', 'error'); await say('too long');
  await page.screenshot({ path: `${out}/toolong.png` });
  // rtl + emoji
  await type('הסרט הזה לא רע בכלל 👩‍👩‍👧‍👦!'); await page.click('#explain'); await until('done', 'error'); await say('rtl');
  await page.screenshot({ path: `${out}/rtl.png`, fullPage: true });
  // gpu crash mid run
  await type('I expected to hate it, but the jokes land and nobody overacts.');
  await page.$eval('#budget', (e) => { (e as HTMLInputElement).value = '8'; e.dispatchEvent(new Event('input', { bubbles: true })); });
  await page.click('#explain'); await until('running');
  for (let i = 0; i < 300 && (await page.$eval('#badge', (e) => e.textContent)) !== 'live'; i++) await new Promise((r) => setTimeout(r, 100));
  const other = await browser.newPage();
  await other.goto('chrome://gpucrash').catch((e) => console.log('gpucrash', String(e).slice(0, 80)));
  await page.bringToFront();
  await until('done', 'error'); await say('after gpu crash');
  await page.screenshot({ path: `${out}/gpucrash.png`, fullPage: true });
} finally { await browser.close(); await served.close(); }
