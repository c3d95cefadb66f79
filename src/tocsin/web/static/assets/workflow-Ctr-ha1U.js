/*! Licenses of the bundled packages: /assets/licences.md */
import{t as e}from"./runs-0FRp7FUF.js";import{Z as t,_ as n,i as r,p as i,r as a,t as o,tt as s,v as c}from"./time-BRH1184B.js";import{B as l,F as u,H as d,I as f,K as p,U as m,Z as h}from"./index-Hs8ExkQT.js";import{t as g}from"./public-links-YaygUB-w.js";import{t as ee}from"./status-BVNKpSH8.js";import{n as _,r as v,t as te}from"./definition-BRHBhdLB.js";import{t as ne}from"./delete-workflow-DhIgH7KX.js";import{r as y,t as b}from"./graph-DkeDC1uF.js";import{t as x}from"./actions-C-u-PsqM.js";import{p as S,t as C}from"./jsxRuntime.module-CnYUX-XB.js";import{t as w}from"./run-form-CHcxXML-.js";import{n as T}from"./browser-C-BMMlsY.js";var E=c(`
  mutation PauseWorkflow($name: String!) {
    pauseWorkflow(input: { name: $name }) {
      workflow {
        id
        isPaused
      }
      userErrors {
        message
      }
    }
  }
`),re=c(`
  mutation ResumeWorkflow($name: String!) {
    resumeWorkflow(input: { name: $name }) {
      workflow {
        id
        isPaused
      }
      userErrors {
        message
      }
    }
  }
`);function D({name:e,isPaused:t}){let n=x(E,{name:e}),r=x(re,{name:e}),{run:i,isBusy:a,problem:o}=t?r:n;return C(S,{children:[C(`span`,{class:`problem`,role:`alert`,children:o}),C(`button`,{type:`button`,disabled:a,onClick:()=>void i(),children:[C(t?f:u,{}),t?`Resume`:`Pause`]})]})}function O({name:e,step:t}){return C(`section`,{class:`step-definition`,"aria-label":`Step ${e}`,children:[C(`h3`,{children:e}),C(`pre`,{children:T(t,{lineWidth:100}).trimEnd()})]})}var k=class{diff(e,t,n={}){let r;typeof n==`function`?(r=n,n={}):`callback`in n&&(r=n.callback);let i=this.castInput(e,n),a=this.castInput(t,n),o=this.removeEmpty(this.tokenize(i,n)),s=this.removeEmpty(this.tokenize(a,n));return this.diffWithOptionsObj(o,s,n,r)}diffWithOptionsObj(e,t,n,r){let i=e=>{if(e=this.postProcess(e,n),r)setTimeout(function(){r(e)},0);else return e},a=t.length,o=e.length,s=1,c=a+o;n.maxEditLength!=null&&(c=Math.min(c,n.maxEditLength));let l=n.timeout??1/0,u=Date.now()+l,d=[{oldPos:-1,lastComponent:void 0}],f=this.extractCommon(d[0],t,e,0,n);if(d[0].oldPos+1>=o&&f+1>=a)return i(this.buildValues(d[0].lastComponent,t,e));let p=-1/0,m=1/0,h=()=>{for(let r=Math.max(p,-s);r<=Math.min(m,s);r+=2){let s,c=d[r-1],l=d[r+1];c&&(d[r-1]=void 0);let u=!1;if(l){let e=l.oldPos-r;u=l&&0<=e&&e<a}let h=c&&c.oldPos+1<o;if(!u&&!h)d[r]=void 0;else{if(s=!h||u&&c.oldPos<l.oldPos?this.addToPath(l,!0,!1,0,n):this.addToPath(c,!1,!0,1,n),f=this.extractCommon(s,t,e,r,n),s.oldPos+1>=o&&f+1>=a)return i(this.buildValues(s.lastComponent,t,e))||!0;d[r]=s,s.oldPos+1>=o&&(m=Math.min(m,r-1)),f+1>=a&&(p=Math.max(p,r+1))}}s++};if(r)(function e(){setTimeout(function(){if(s>c||Date.now()>u)return r(void 0);h()||e()},0)})();else for(;s<=c&&Date.now()<=u;){let e=h();if(e)return e}}addToPath(e,t,n,r,i){let a=e.lastComponent;return a&&!i.oneChangePerToken&&a.added===t&&a.removed===n?{oldPos:e.oldPos+r,lastComponent:{count:a.count+1,added:t,removed:n,previousComponent:a.previousComponent}}:{oldPos:e.oldPos+r,lastComponent:{count:1,added:t,removed:n,previousComponent:a}}}extractCommon(e,t,n,r,i){let a=t.length,o=n.length,s=e.oldPos,c=s-r,l=0;for(;c+1<a&&s+1<o&&this.equals(n[s+1],t[c+1],i);)c++,s++,l++,i.oneChangePerToken&&(e.lastComponent={count:1,previousComponent:e.lastComponent,added:!1,removed:!1});return l&&!i.oneChangePerToken&&(e.lastComponent={count:l,previousComponent:e.lastComponent,added:!1,removed:!1}),e.oldPos=s,c}equals(e,t,n){return n.comparator?n.comparator(e,t):e===t||!!n.ignoreCase&&e.toLowerCase()===t.toLowerCase()}removeEmpty(e){let t=[];for(let n=0;n<e.length;n++)e[n]&&t.push(e[n]);return t}castInput(e,t){return e}tokenize(e,t){return Array.from(e)}join(e){return e.join(``)}postProcess(e,t){return e}get useLongestToken(){return!1}buildValues(e,t,n){let r=[],i;for(;e;)r.push(e),i=e.previousComponent,delete e.previousComponent,e=i;r.reverse();let a=r.length,o=0,s=0,c=0;for(;o<a;o++){let e=r[o];if(e.removed)e.value=this.join(n.slice(c,c+e.count)),c+=e.count;else{if(!e.added&&this.useLongestToken){let r=t.slice(s,s+e.count);r=r.map(function(e,t){let r=n[c+t];return r.length>e.length?r:e}),e.value=this.join(r)}else e.value=this.join(t.slice(s,s+e.count));s+=e.count,e.added||(c+=e.count)}}return r}};new class extends k{};function A(e,t){let n=0;for(;n<e.length&&n<t.length;n++)if(e[n]!=t[n])return e.slice(0,n);return e.slice(0,n)}function j(e,t){let n;if(!e||!t||e[e.length-1]!=t[t.length-1])return``;for(n=0;n<e.length&&n<t.length;n++)if(e[e.length-(n+1)]!=t[t.length-(n+1)])return e.slice(-n);return e.slice(-n)}function M(e,t,n){if(e.slice(0,t.length)!=t)throw Error(`string ${JSON.stringify(e)} doesn't start with prefix ${JSON.stringify(t)}; this is a bug`);return n+e.slice(t.length)}function N(e,t,n){if(!t)return e+n;if(e.slice(-t.length)!=t)throw Error(`string ${JSON.stringify(e)} doesn't end with suffix ${JSON.stringify(t)}; this is a bug`);return e.slice(0,-t.length)+n}function P(e,t){return M(e,t,``)}function F(e,t){return N(e,t,``)}function I(e,t){return t.slice(0,L(e,t))}function L(e,t){let n=0;e.length>t.length&&(n=e.length-t.length);let r=t.length;e.length<t.length&&(r=e.length);let i=Array(r),a=0;i[0]=0;for(let e=1;e<r;e++){for(t[e]==t[a]?i[e]=i[a]:i[e]=a;a>0&&t[e]!=t[a];)a=i[a];t[e]==t[a]&&a++}a=0;for(let r=n;r<e.length;r++){for(;a>0&&e[r]!=t[a];)a=i[a];e[r]==t[a]&&a++}return a}function R(e,t){let n=[];for(let r of Array.from(t.segment(e))){let e=r.segment;n.length&&/\s/.test(n[n.length-1])&&/\s/.test(e)?n[n.length-1]+=e:n.push(e)}return n}function z(e,t){if(t)return V(e,t)[1];let n;for(n=e.length-1;n>=0&&e[n].match(/\s/);n--);return e.substring(n+1)}function B(e,t){if(t)return V(e,t)[0];let n=e.match(/^\s*/);return n?n[0]:``}function V(e,t){if(!t)return[B(e),z(e)];if(t.resolvedOptions().granularity!=`word`)throw Error(`The segmenter passed must have a granularity of "word"`);let n=R(e,t),r=n[0],i=n[n.length-1];return[/\s/.test(r)?r:``,/\s/.test(i)?i:``]}var H=`a-zA-Z0-9_\\u{AD}\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2C6}\\u{2C8}-\\u{2D7}\\u{2DE}-\\u{2FF}\\u{1E00}-\\u{1EFF}`,U=RegExp(`[${H}]+|\\s+|[^${H}]`,`ug`);new class extends k{equals(e,t,n){return n.ignoreCase&&(e=e.toLowerCase(),t=t.toLowerCase()),e.trim()===t.trim()}tokenize(e,t={}){let n;if(t.intlSegmenter){let r=t.intlSegmenter;if(r.resolvedOptions().granularity!=`word`)throw Error(`The segmenter passed must have a granularity of "word"`);n=R(e,r)}else n=e.match(U)||[];let r=[],i=null;return n.forEach(e=>{/\s/.test(e)?i==null?r.push(e):r.push(r.pop()+e):i!=null&&/\s/.test(i)?r[r.length-1]==i?r.push(r.pop()+e):r.push(i+e):r.push(e),i=e}),r}join(e){return e.map((e,t)=>t==0?e:e.replace(/^\s+/,``)).join(``)}postProcess(e,t){if(!e||t.oneChangePerToken)return e;let n=null,r=null,i=null;return e.forEach(e=>{e.added?r=e:e.removed?i=e:((r||i)&&W(n,i,r,e,t.intlSegmenter),n=e,r=null,i=null)}),(r||i)&&W(n,i,r,null,t.intlSegmenter),e}};function W(e,t,n,r,i){if(t&&n){let[a,o]=V(t.value,i),[s,c]=V(n.value,i);if(e){let r=A(a,s);e.value=N(e.value,s,r),t.value=P(t.value,r),n.value=P(n.value,r)}if(r){let e=j(o,c);r.value=M(r.value,c,e),t.value=F(t.value,e),n.value=F(n.value,e)}}else if(n){if(e){let e=B(n.value,i);n.value=n.value.substring(e.length)}if(r){let e=B(r.value,i);r.value=r.value.substring(e.length)}}else if(e&&r){let n=B(r.value,i),[a,o]=V(t.value,i),s=A(n,a);t.value=P(t.value,s);let c=j(P(n,s),o);t.value=F(t.value,c),r.value=M(r.value,n,c),e.value=N(e.value,n,n.slice(0,n.length-c.length))}else if(r){let e=B(r.value,i),n=I(z(t.value,i),e);t.value=F(t.value,n)}else if(e){let n=I(z(e.value,i),B(t.value,i));t.value=P(t.value,n)}}new class extends k{tokenize(e){let t=RegExp(`(\\r?\\n)|[${H}]+|[^\\S\\n\\r]+|[^${H}]`,`ug`);return e.match(t)||[]}};var G=new class extends k{constructor(){super(...arguments),this.tokenize=q}equals(e,t,n){return n.ignoreWhitespace?(n.newlineIsToken&&e.includes(`
`)||(e=e.trim()),n.newlineIsToken&&t.includes(`
`)||(t=t.trim())):n.ignoreNewlineAtEof&&!n.newlineIsToken&&(e.endsWith(`
`)&&(e=e.slice(0,-1)),t.endsWith(`
`)&&(t=t.slice(0,-1))),super.equals(e,t,n)}};function K(e,t,n){return G.diff(e,t,n)}function q(e,t){t.stripTrailingCr&&(e=e.replace(/\r\n/g,`
`));let n=[],r=e.split(/(\n|\r\n)/);r[r.length-1]||r.pop();for(let e=0;e<r.length;e++){let i=r[e];e%2&&!t.newlineIsToken?n[n.length-1]+=i:n.push(i)}return n}function J(e){return e==`.`||e==`!`||e==`?`}new class extends k{tokenize(e){let t=[],n=0;for(let r=0;r<e.length;r++){if(r==e.length-1){t.push(e.slice(n));break}if(J(e[r])&&e[r+1].match(/\s/)){for(t.push(e.slice(n,r+1)),r=n=r+1;e[r+1]?.match(/\s/);)r++;t.push(e.slice(n,r+1)),n=r+1}}return t}},new class extends k{tokenize(e){return e.split(/([{}:;,]|\s+)/)}},new class extends k{constructor(){super(...arguments),this.tokenize=q}get useLongestToken(){return!0}castInput(e,t){let{undefinedReplacement:n,stringifyReplacer:r=(e,t)=>t===void 0?n:t}=t;return typeof e==`string`?e:JSON.stringify(Y(e,null,null,r),null,`  `)}equals(e,t,n){return super.equals(e.replace(/,([\r\n])/g,`$1`),t.replace(/,([\r\n])/g,`$1`),n)}};function Y(e,t,n,r,i){t||=[],n||=[],r&&(e=r(i===void 0?``:i,e));let a=0;for(;a<t.length;a+=1)if(t[a]===e)return n[a];let o;if(Object.prototype.toString.call(e)===`[object Array]`){for(t.push(e),o=Array(e.length),n.push(o),a=0;a<e.length;a+=1)o[a]=Y(e[a],t,n,r,String(a));return t.pop(),n.pop(),o}if(e&&e.toJSON&&(e=e.toJSON()),typeof e==`object`&&e){t.push(e),o={},n.push(o);let i=[],s;for(s in e)Object.prototype.hasOwnProperty.call(e,s)&&i.push(s);for(i.sort(),a=0;a<i.length;a+=1)s=i[a],o[s]=Y(e[s],t,n,r,s);t.pop(),n.pop()}else o=e;return o}new class extends k{tokenize(e){return e.slice()}join(e){return e}removeEmpty(e){return e}};var X=3,ie=c(`
  query WorkflowVersions($name: String!, $before: Int!, $after: Int!) {
    workflow(name: $name) {
      before: savedVersion(number: $before) {
        number
        yaml
      }
      after: savedVersion(number: $after) {
        number
        yaml
      }
    }
  }
`);function ae({name:e,before:t,after:r}){let{data:i,error:a,reread:o}=n(ie,{name:e,before:t,after:r},{concerns:()=>!1}),s=i?.workflow;return s?C(oe,{workflow:s}):a?C(d,{message:a,retry:o}):C(m,{count:4})}function oe({workflow:{before:e,after:t}}){if(e?.yaml==null||t?.yaml==null)return C(`p`,{class:`faint`,children:`One of these versions is no longer kept.`});let n=le(ce(e.yaml,t.yaml));return n.length===0?C(`p`,{class:`faint`,children:`The two versions have the same lines. A secret may have changed.`}):C(`div`,{class:`diff`,role:`table`,"aria-label":`Changes from version ${e.number} to version ${t.number}`,children:n.map((e,t)=>C(`div`,{class:`hunk`,role:`rowgroup`,children:e.map(e=>C(`div`,{class:`diff-line ${e.kind}`,role:`row`,children:[C(`span`,{class:`line-number`,role:`cell`,children:e.before}),C(`span`,{class:`line-number`,role:`cell`,children:e.after}),C(`span`,{class:`sign`,role:`cell`,"aria-label":e.kind,children:se[e.kind]}),C(`code`,{role:`cell`,children:e.text})]},`${e.before}-${e.after}`))},t))})}var se={same:` `,added:`+`,removed:`−`};function ce(e,t){let n=[],[r,i]=[0,0];for(let{value:a,added:o,removed:s}of K(e,t)){let e=o?`added`:s?`removed`:`same`;for(let t of a.replace(/\n$/,``).split(`
`))n.push({kind:e,text:t,before:o?null:++r,after:s?null:++i})}return n}function le(e){let t=e.map((t,n)=>e.slice(Math.max(n-X,0),n+X+1).some(({kind:e})=>e!==`same`)),n=[];return e.forEach((e,r)=>{t[r]&&(t[r-1]&&n.length>0?n.at(-1)?.push(e):n.push([e]))}),n}function ue({name:e,versions:t}){let[n,r]=h(),i=t.map(({number:e})=>e),a=Q(n.get(`to`),i)??i[0]??1,o=Q(n.get(`from`),i)??i.find(e=>e<a)??a,s=n.has(`to`);return t.length<2?C(`p`,{class:`faint`,children:`There is one version. Each save that changes something adds one.`}):C(S,{children:[C(`div`,{class:`inline-form compare`,children:[C(Z,{label:`From`,versions:t,value:o,change:e=>r({from:e,to:String(a)})}),C(Z,{label:`To`,versions:t,value:a,change:e=>r({to:e,from:String(o)})}),C(`button`,{type:`button`,"aria-expanded":s,onClick:()=>r(s?{to:null,from:null}:{to:String(a),from:String(o)}),children:s?`Hide changes`:`Show changes`})]}),s&&C(ae,{name:e,before:o,after:a},`${o} ${a}`)]})}function Z({label:e,versions:t,value:n,change:r}){let i=t.find(({number:e})=>e===n);return C(`label`,{children:[e,C(`span`,{class:`choice`,children:[C(`select`,{value:String(n),onChange:e=>r(e.currentTarget.value),children:t.map(({number:e})=>C(`option`,{value:String(e),children:[`Version `,e]},e))}),i&&C(o,{at:i.createdAt,as:`moment`})]})]})}function Q(e,t){return t.find(t=>String(t)===e)}var de=c(`
  query Workflow($id: ID!) {
    node(id: $id) {
      __typename
      ... on Workflow {
        id
        name
        description
        version
        isPaused
        nextRunAt
        updatedAt
        definition
        schedule {
          __typename
          summary
          ... on CronSchedule {
            expression
            timeZone
          }
          ... on IntervalSchedule {
            interval
            start
            end
          }
        }
        versions(first: 50) {
          nodes {
            number
            createdAt
          }
        }
      }
    }
  }
`),fe=c(`
  query NextTimes($schedule: ScheduleInput!) {
    schedulePreview(schedule: $schedule, count: 5)
  }
`),pe=c(`
  mutation ExecuteWorkflow($name: String!, $input: JSON) {
    executeWorkflow(input: { name: $name, input: $input }) {
      workflowRun {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);function $({id:e}){let{data:r,error:o,reread:s}=n(de,{id:e},{concerns:i}),[c,u]=h(),f=r?.node?.__typename===`Workflow`?r.node:void 0;if(r&&!f||p(e))return C(l,{});let g=e=>u({run:e?`1`:null});return C(a,{title:f?.name??`Workflow`,above:C(t,{href:`/workflows`,children:`Workflows`}),actions:f&&C(me,{workflow:f,run:()=>g(!0)}),children:[o&&!f&&C(d,{message:o,retry:s}),!o&&!f&&C(m,{count:6}),f&&c.has(`run`)&&C(he,{workflow:f,close:()=>g(!1)}),f&&C(ge,{workflow:f})]})}function me({workflow:e,run:n}){let[,r]=s();return C(S,{children:[(e.schedule||e.isPaused)&&C(D,{name:e.name,isPaused:e.isPaused}),C(ne,{id:e.id,name:e.name,done:()=>r(`/workflows`)}),C(t,{href:`/workflows/${e.id}/edit`,class:`button`,"aria-keyshortcuts":`e`,children:`Edit`}),C(`button`,{type:`button`,class:`main`,"aria-keyshortcuts":`Shift+R`,onClick:n,children:[C(f,{}),`Run`]})]})}function he({workflow:{name:e,definition:t},close:n}){let[,r]=s();return C(w,{title:`Run ${e}`,verb:`Run now`,specs:_(t),mutation:pe,variables:{name:e},done:e=>r(`/workflow-runs/${e}`),close:n})}function ge({workflow:t}){let{id:n,name:i,description:a,version:s,definition:c,updatedAt:l,versions:u,schedule:d,nextRunAt:f,isPaused:p}=t,m=y(),h=m===null?null:te(c,m);return C(S,{children:[a&&C(`p`,{class:`lead`,children:a}),C(`p`,{class:`summary`,children:[p&&C(ee,{status:`PAUSED`}),C(`span`,{children:d?.summary??`Runs when you start it`}),f&&C(`span`,{children:[`Next `,C(o,{at:f}),` · `,C(o,{at:f,as:`moment`})]}),C(`span`,{class:`faint`,children:[`Version `,s,`, saved `,C(o,{at:l})]})]}),C(r,{title:`Steps`,children:[C(b,{steps:v(c),selected:m}),h&&m!==null&&C(O,{name:m,step:h})]}),d&&f&&C(_e,{schedule:d}),C(r,{title:`Runs`,children:C(e,{name:i})}),C(r,{title:`Versions`,children:C(ue,{name:i,versions:u.nodes})}),C(g,{subject:n})]})}function _e({schedule:e}){let t=ye(e);return t&&C(ve,{schedule:t})}function ve({schedule:e}){let{data:t}=n(fe,{schedule:e}),i=t?.schedulePreview??[];return i.length===0?null:C(r,{title:`Next times`,children:C(`ol`,{class:`next-times`,children:i.map(e=>C(`li`,{children:[C(o,{at:e,as:`moment`}),` `,C(`span`,{class:`faint`,children:C(o,{at:e})})]},e))})})}function ye(e){return e.__typename===`CronSchedule`?{cron:{expression:e.expression,timeZone:e.timeZone}}:e.__typename===`IntervalSchedule`?{every:{interval:e.interval,start:e.start,end:e.end}}:null}export{$ as WorkflowPage};