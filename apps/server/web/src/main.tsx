import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { App } from './app.js';
import { showDirections } from './directions.js';
import { applyTheme } from './theme.js';

applyTheme();
showDirections();
render(<App />, document.getElementById('app')!);
