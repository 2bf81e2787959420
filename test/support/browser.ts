import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const SCREENS = fileURLToPath(new URL('../system/screens/', import.meta.url));
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };
/** Rule T1: CSS pixels. */
const SMALLEST_TARGET = 44;

/** A real Chromium that asks nobody anything. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** A tag that has not been forecast yet: the browser itself says so of each 404. */
const EXPECTED = /404 .*\/api\/v1\/forecasts\/\d+$/;

/** A new page, with what it complains of: errors and warnings on its console, and what nobody caught. */
export async function openPage(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location().url}`;
    if (['error', 'warning'].includes(message.type()) && !EXPECTED.test(text)) complaints.push(text);
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  return { page, complaints };
}

/** Makes the first administrator of a daemon, as its first visitor does. */
export async function setUp(page: Page, url: string, code: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Set-up code').fill(code);
  await page.getByLabel('Name').fill('Ada Lovelace');
  await page.getByLabel('Password').fill('analytical engine');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.locator('main#page').waitFor();
}

/** Keeps what the page looks like now under test/system/screens/. */
export async function keepScreen(page: Page, name: string): Promise<void> {
  await mkdir(SCREENS, { recursive: true });
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
}

/** What axe-core finds, a line a rule with the first place. */
async function accessibilityFaults(page: Page): Promise<string[]> {
  // As a script of the page it would be refused: only the daemon's own may run.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { resultTypes: ['violations'] })`,
  );
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help} (${nodes.length}x, ${nodes[0]?.html ?? ''})`,
  );
}

/** Runs in the page. Links within running text may be smaller (WCAG 2.5.8, exception 'inline'). */
const FIND_SMALL_TARGETS = `(() => {
  const found = [];
  for (const element of document.querySelectorAll(
    'a[href], button, select, input, textarea, summary, [tabindex="0"]',
  )) {
    const isSeen = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (!isSeen || element.matches('.skip') || (element.matches('a') && element.closest('p'))) continue;
    const own = element.getBoundingClientRect();
    // A control within its label is touched anywhere on the label.
    const label = element.closest('label')?.getBoundingClientRect() ?? own;
    const width = Math.round(Math.max(own.width, label.width));
    const height = Math.round(Math.max(own.height, label.height));
    if (width > 0 && (width < ${SMALLEST_TARGET} || height < ${SMALLEST_TARGET}))
      found.push(width + ' x ' + height + ' ' + element.outerHTML.slice(0, 120));
  }
  return found;
})()`;

/** Runs in the page. Where the shell is as high as the screen, nothing may make the document around it longer. */
const IS_TOO_LONG = `(() => {
  const shell = document.querySelector('.shell');
  return shell !== null && shell.clientHeight <= innerHeight && document.documentElement.scrollHeight > innerHeight;
})()`;

/** All that keeps somebody from reading and touching what is on the page now. */
export async function faultsOf(page: Page): Promise<string[]> {
  const isTooWide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
  return [
    ...(await accessibilityFaults(page)),
    ...(await page.evaluate<string[]>(FIND_SMALL_TARGETS)),
    ...(isTooWide ? ['The page scrolls sideways.'] : []),
    ...((await page.evaluate<boolean>(IS_TOO_LONG)) ? ['The document scrolls around its page.'] : []),
  ];
}
