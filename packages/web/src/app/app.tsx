export function App(): React.JSX.Element {
  return <main>Holdfast</main>;
}
