import { env } from 'cloudflare:test';
import { describe } from 'vitest';
import { R2BlobStore } from '../../src/edge/r2-blob-store.ts';
import { MAX_KEYS } from '../../src/files/blob-store.ts';
import { blobStoreContract } from '../contract/blob-store.ts';

describe('a blob store in R2', () => {
  blobStoreContract(async (use) => {
    const store = new R2BlobStore(env.FILES);
    await use(store);
    for (
      let page = await store.list('room/');
      page.blobs.length > 0;
      page = await store.list('room/')
    ) {
      await store.delete(page.blobs.map(({ key }) => key).slice(0, MAX_KEYS));
    }
  });
});
