/** Points that no other beats in both: less cost, more agreement. By cost, ascending. */
export function paretoFront<P extends { x: number; y: number }>(points: readonly P[]): P[] {
  const front: P[] = [];
  for (const point of [...points].sort((a, b) => a.x - b.x || b.y - a.y))
    if (front.length === 0 || point.y > front[front.length - 1].y) front.push(point);
  return front;
}
