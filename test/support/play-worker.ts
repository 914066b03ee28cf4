import type { PlayOptions, PlayOrder } from './random-plays.ts';

/** A worker process of `soakPlays`: plays each order that it gets, and ends with its parent. */
process.on('message', (order: PlayOrder) => {
  void play(order);
});

async function play({ player, options }: PlayOrder): Promise<void> {
  const module = (await import(player.module)) as Record<
    string,
    (options: PlayOptions) => string | undefined
  >;
  process.send?.({ failed: module[player.name]?.(options) });
}
