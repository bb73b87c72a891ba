import { Link } from 'react-router';

export function Brand(): React.JSX.Element {
  return (
    <Link className="brand" to="/">
      <img src="/icon.svg" alt="" width={24} height={24} />
      Holdfast
    </Link>
  );
}
