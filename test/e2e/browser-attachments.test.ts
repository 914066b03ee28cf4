import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { FileInfo, Message } from '../../src/protocol/objects.ts';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';

/** Metadata that a camera has written into a photograph. */
const SECRET = 'GPS 52.5N 13.4E';
/** One frame of silence at 128 kbit/s and 44.1 kHz: MPEG 1, layer III. 26.1 ms. */
const FRAME = Buffer.concat([Buffer.from('fffb9064', 'hex'), Buffer.alloc(413)]);

/** A picture of one colour, made by the browser. */
async function picture(page: Page, width: number, height: number, type: string): Promise<Buffer> {
  const url = await page.evaluate<string>(
    `(() => {
      const canvas = document.createElement('canvas');
      canvas.width = ${width};
      canvas.height = ${height};
      canvas.getContext('2d').fillRect(0, 0, 20, 20);
      return canvas.toDataURL('${type}');
    })()`,
  );
  return Buffer.from(url.split(',')[1] ?? '', 'base64');
}

/** A JPEG with EXIF data, among them an orientation that turns it by 90 degrees. */
async function photograph(page: Page, width: number, height: number): Promise<Buffer> {
  const jpeg = await picture(page, width, height, 'image/jpeg');
  const orientation = Buffer.from('4d4d002a00000008000101120003000000010006000000000000', 'hex');
  const body = Buffer.concat([Buffer.from('Exif\0\0'), orientation, Buffer.from(SECRET)]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length + 2);
  const segment = Buffer.concat([Buffer.from('ffe1', 'hex'), length, body]);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}

/** Writes a file to disk, since the browser takes large buffers slowly. @returns its path */
function onDisk({ name, buffer }: File): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, buffer);
  return path;
}

describe.skipIf(!hasBrowser)('files in the page', () => {
  const company = Company.forAll();
  const host = nodeHostFor();
  const comesIn = (name: string) => company.comesIn(name, host().url);
  const uploads = ({ page }: Visitor) => page.locator('.composer .upload');

  async function choose({ page }: Visitor, ...files: readonly File[]): Promise<void> {
    const opened = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Attach files' }).click();
    await (await opened).setFiles(files.map(onDisk));
  }

  /** Waits until all chosen files are uploaded. */
  async function isUploaded(visitor: Visitor): Promise<void> {
    await visitor.page.locator('.upload progress[hidden]').first().waitFor({ state: 'attached' });
    await expect.poll(() => visitor.page.locator('.upload progress:not([hidden])').count()).toBe(0);
  }

  async function filesOf(visitor: Visitor): Promise<FileInfo[]> {
    const { messages } = await visitor.page.evaluate<{ messages: Message[] }>(
      `(async () => {
        const token = await (await fetch('/test-token?username=Reader')).text();
        const answer = await fetch(${JSON.stringify(`/rooms/${encodeURIComponent(company.room)}/messages`)}, { headers: { authorization: 'Bearer ' + token } });
        return answer.json();
      })()`,
    );
    return messages.flatMap(({ files = [] }) => files);
  }

  /** A file's bytes as latin1. */
  function bytesOf({ page }: Visitor, fileId: string): Promise<string> {
    return page.evaluate<string>(
      `(async () => {
        const token = await (await fetch('/test-token?username=Reader')).text();
        const answer = await fetch(${JSON.stringify(`/rooms/${encodeURIComponent(company.room)}/files/${fileId}`)}, { headers: { authorization: 'Bearer ' + token } });
        return [...new Uint8Array(await answer.arrayBuffer())].map((byte) => String.fromCharCode(byte)).join('');
      })()`,
    );
  }

  const isLoaded = (image: Locator) =>
    image.evaluate((one: { naturalWidth: number }) => one.naturalWidth > 0);

  test('sends a photograph without its metadata, with a small preview, in a space that does not move', async () => {
    const ann = await comesIn('Ann');
    const bob = await comesIn('Bob');
    // The list of people is loaded a little later and makes the messages narrower.
    await expect.poll(() => bob.here()).toEqual(['Ann', 'Bob']);
    const buffer = await photograph(ann.page, 2_000, 1_000);
    expect(buffer.includes(SECRET)).toBe(true);
    await choose(ann, { name: 'Ausflug 照片.jpg', buffer });
    await isUploaded(ann);
    await ann.write('');
    const image = bob.page.locator('#messages .file img');
    await image.waitFor();
    const space = bob.page.locator('#messages .file');
    const before = await space.boundingBox();
    await expect.poll(() => isLoaded(image)).toBe(true);
    await expect.poll(() => space.boundingBox()).toEqual(before);
    await expect.poll(() => uploads(ann).count()).toBe(0);
    const [file] = await filesOf(ann);
    // The picture was turned upright.
    expect(file).toMatchObject({ name: 'Ausflug 照片.jpg', width: 1_000, height: 2_000 });
    expect(file?.preview).toMatchObject({ width: 640, height: 1_280 });
    for (const id of [file?.fileId ?? '', file?.preview?.fileId ?? '']) {
      expect(await bytesOf(ann, id)).not.toContain(SECRET);
    }
  });

  test('takes files that are dropped or pasted, and removes them again', async () => {
    const ann = await comesIn('Ann');
    const url = ann.page.url();
    await ann.page.evaluate(
      `(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['hello'], 'dropped.txt'));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File(['hello'], 'pasted.txt'));
        document.querySelector('.composer textarea').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
      })()`,
    );
    await expect.poll(() => uploads(ann).count()).toBe(2);
    expect(ann.page.url()).toBe(url);
    await isUploaded(ann);
    await ann.page.getByRole('button', { name: 'Remove pasted.txt' }).click();
    await ann.write('see');
    await ann.page.getByRole('button', { name: /^Download dropped.txt/ }).waitFor();
    expect((await filesOf(ann)).map(({ name }) => name)).toEqual(['dropped.txt']);
    const saved = ann.page.waitForEvent('download');
    await ann.page.getByRole('button', { name: /^Download dropped.txt/ }).click();
    expect((await saved).suggestedFilename()).toBe('dropped.txt');
  });

  test('sends nothing while a file is uploading, cancels it, and shows why one was refused', async () => {
    const ann = await comesIn('Ann');
    await ann.page.route('**/files', () => undefined);
    await choose(ann, { name: 'slow.txt', buffer: Buffer.from('x') });
    await uploads(ann).waitFor();
    const send = ann.page.getByRole('button', { name: 'Send', exact: true });
    await ann.write('hello');
    expect(await send.isDisabled()).toBe(true);
    expect(await ann.said()).toEqual([]);
    await ann.page.getByRole('button', { name: 'Remove slow.txt' }).click();
    await ann.field.press('Enter');
    await expect.poll(() => ann.said()).toEqual(['hello']);
    await ann.page.unroute('**/files');
    const big = Buffer.alloc(26 * 1024 * 1024);
    await choose(ann, { name: 'big.bin', buffer: big });
    await uploads(ann).getByText('Not uploaded.').waitFor();
    await uploads(ann).getByRole('button', { name: 'Try again' }).waitFor();
  });

  test('puts the files of a refused message back into the composer for an edit', async () => {
    const ann = await comesIn('Ann');
    await choose(ann, { name: 'kept.txt', buffer: Buffer.from('kept') });
    await isUploaded(ann);
    let stored = '';
    await ann.page.route('**/files', async (route) => {
      const response = await route.fetch();
      stored = await response.text();
      await route.fulfill({ response });
    });
    await choose(ann, { name: 'gone.txt', buffer: Buffer.from('gone') });
    await expect.poll(() => stored).not.toBe('');
    await isUploaded(ann);
    // Another device of Ann's sends the file first.
    const { file } = JSON.parse(stored) as { file: FileInfo };
    const other = { message: 'first', files: [file.fileId] };
    await company.ask(host().url, 'Ann', 'POST', '/messages', other);
    await ann.write('second');
    await ann.page.getByRole('button', { name: 'Edit', exact: true }).click();
    await expect.poll(() => uploads(ann).count()).toBe(2);
    await expect.poll(() => ann.field.inputValue()).toBe('second');
    await ann.page.getByRole('button', { name: 'Remove gone.txt' }).click();
    await ann.field.press('Enter');
    await ann.page.getByRole('button', { name: /^Download kept.txt/ }).waitFor();
    await expect.poll(() => uploads(ann).count()).toBe(0);
  });

  test('shows pictures as large as the window, with keys alone', async () => {
    const ann = await comesIn('Ann');
    const png = (name: string, buffer: Buffer) => ({ name, buffer });
    const wide = await picture(ann.page, 400, 200, 'image/png');
    const high = await picture(ann.page, 100, 300, 'image/png');
    await choose(ann, png('wide.png', wide), png('high.png', high));
    await isUploaded(ann);
    await ann.write('two');
    const first = ann.page.getByRole('button', { name: 'wide.png', exact: true });
    await first.waitFor();
    await first.focus();
    await ann.page.keyboard.press('Enter');
    const box = ann.page.getByRole('dialog', { name: 'wide.png' });
    await box.waitFor();
    await ann.page.keyboard.press('ArrowRight');
    const next = ann.page.getByRole('dialog', { name: 'high.png' });
    await next.waitFor();
    await expect.poll(() => isLoaded(next.locator('img'))).toBe(true);
    await ann.page.keyboard.press('Escape');
    await next.waitFor({ state: 'detached' });
    await expect
      .poll(() => ann.page.evaluate<string>('document.activeElement.ariaLabel'))
      .toBe('wide.png');
  });

  test('seeks in a sound of 24 MiB without loading all of it', async () => {
    const ann = await comesIn('Ann');
    const count = Math.ceil((24 * 1024 * 1024) / FRAME.length);
    const buffer = Buffer.concat(Array.from({ length: count }, () => FRAME));
    await choose(ann, { name: 'long.mp3', buffer });
    await isUploaded(ann);
    const ranges: string[] = [];
    ann.page.on('request', (request) => {
      if (/\/files\/.+t=/.test(request.url())) ranges.push(request.headers()['range'] ?? '');
    });
    await ann.write('listen');
    const sound = ann.page.locator('#messages .file audio');
    await sound.waitFor();
    const at = await sound.evaluate(
      (audio: any) =>
        new Promise((resolve, reject) => {
          audio.onerror = () => reject(new Error('It cannot be played.'));
          audio.onloadedmetadata = () => {
            audio.currentTime = 1_400;
          };
          audio.onseeked = () => resolve(audio.currentTime);
          audio.preload = 'metadata';
          audio.load();
        }),
    );
    expect(at).toBeGreaterThan(1_390);
    const begins = ranges.map((range) => Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0));
    expect(Math.max(...begins)).toBeGreaterThan(16 * 1024 * 1024);
  });

  test('loads no picture unasked where the user saves data', async () => {
    const ann = await comesIn('Ann');
    const buffer = await picture(ann.page, 40, 20, 'image/png');
    await choose(ann, { name: 'a.png', buffer });
    await isUploaded(ann);
    await ann.write('');
    const bob = await company.arrives(host().url);
    await bob.page.evaluate(
      "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })",
    );
    await bob.join('Bob', company.room);
    const shown = bob.page.locator('#messages .picture');
    await shown.getByText('Show a.png').waitFor();
    expect(await bob.page.locator('#messages .file img').count()).toBe(0);
    await shown.click();
    await expect.poll(() => isLoaded(bob.page.locator('#messages .file img'))).toBe(true);
  });
});

interface File {
  name: string;
  buffer: Buffer;
}
