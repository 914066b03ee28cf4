/** Removes the oldest entries of a map whose newest stand last, up to the first that has not expired. */
export function evictExpired<K, V>(map: Map<K, V>, isExpired: (value: V) => boolean): void {
  for (const [key, value] of map) {
    if (!isExpired(value)) return;
    map.delete(key);
  }
}
