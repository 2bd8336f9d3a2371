/** Picture coordinates to a hundredth. */
export function px(value: number): number {
  return Number(value.toFixed(2));
}
