import type { BrowserContext } from 'playwright-core';
import type { Page } from '../../platform/api/page.ts';

/** A daemon's API, as whoever signed in within the browser context may use it. */
export function apiOf(context: BrowserContext, url: string) {
  const get = async <Answer>(path: string): Promise<Answer> => {
    const answer = await context.request.get(`${url}/api/v1/${path}`);
    if (answer.status() !== 200) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  };
  return {
    get,
    list: async <Item>(path: string): Promise<Item[]> => (await get<Page<Item>>(path)).items,
  };
}
export type Api = ReturnType<typeof apiOf>;
