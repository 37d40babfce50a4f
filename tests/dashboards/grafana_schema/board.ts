// A dashboard as Grafana's own schema has it, with the options and fields of each kind of panel that is used here.
import type { DataQuery } from '@grafana/schema';
import type * as dashboard from './node_modules/@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen';
import type * as bargauge from './node_modules/@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as stat from './node_modules/@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as statetimeline from './node_modules/@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from './node_modules/@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeseries from './node_modules/@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON has the values of enumerations, not their members
type Plain<T> = T extends string
  ? `${T}`
  : T extends (infer Each)[]
    ? Plain<Each>[]
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

// of the Prometheus data source, whose schema is not in the package
interface Query extends DataQuery {
  expr: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  format?: 'table' | 'time_series' | 'heatmap';
}

interface Annotation extends dashboard.AnnotationQuery {
  expr: string;
  step: string;
  textFormat: string;
  titleFormat: string;
  useValueForTime: boolean;
}

// the schema leaves out what variables of intervals have
interface Variable extends dashboard.VariableModel {
  auto?: boolean;
  auto_count?: number;
  auto_min?: string;
}

interface Fields<Custom> extends Omit<dashboard.FieldConfigSource, 'defaults'> {
  defaults: Omit<dashboard.FieldConfig, 'custom'> & { custom?: Partial<Custom> };
}

interface PanelOf<Type extends string, Options, Custom>
  extends Omit<dashboard.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Type;
  options: Partial<Options>;
  fieldConfig: Fields<Custom>;
  targets: Query[];
}

type None = Record<string, never>;

type Panel =
  | PanelOf<'bargauge', bargauge.Options, None>
  | PanelOf<'stat', stat.Options, None>
  | PanelOf<'state-timeline', statetimeline.Options, statetimeline.FieldConfig>
  | PanelOf<'table', table.Options, table.FieldConfig>
  | PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>;

interface Row extends Omit<dashboard.RowPanel, 'panels'> {
  panels: Panel[];
}

interface Dashboard extends Omit<dashboard.Dashboard, 'panels' | 'annotations' | 'templating'> {
  annotations: { list: Annotation[] };
  templating: { list: Variable[] };
  panels: (Panel | Row)[];
}

export type Board = Plain<Dashboard>;
