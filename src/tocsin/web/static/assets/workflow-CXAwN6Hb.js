/*! Licenses of the bundled packages: /assets/licences.md */
import{t as e}from"./runs-Bwr9iRFR.js";import{A as t,E as n,_ as r,i,p as a,r as o,t as s,v as c}from"./time-B1YIbO7n.js";import{F as l,H as u,K as d,P as f,V as p,z as m}from"./index-DmBNgMYb.js";import{t as h}from"./status-CGvypWA3.js";import{a as g,i as _,o as v,r as y,t as ee}from"./graph-B-j8QRYF.js";import{t as te}from"./delete-workflow-Ce2uu0wT.js";import{t as b}from"./actions-BiIDKJx-.js";import{f as x,t as S}from"./jsxRuntime.module-B9qDJXb7.js";import{t as C}from"./run-form-Dav4UntN.js";import{n as w}from"./browser-C-BMMlsY.js";var T=c(`
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
`),E=c(`
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
`);function ne({name:e,isPaused:t}){let n=b(T,{name:e}),r=b(E,{name:e}),{run:i,isBusy:a,problem:o}=t?r:n;return S(x,{children:[S(`span`,{class:`problem`,role:`alert`,children:o}),S(`button`,{type:`button`,disabled:a,onClick:()=>void i(),children:[S(t?l:f,{}),t?`Resume`:`Pause`]})]})}function D({name:e,step:t}){return S(`section`,{class:`step-definition`,"aria-label":`Step ${e}`,children:[S(`h3`,{children:e}),S(`pre`,{children:w(t,{lineWidth:100}).trimEnd()})]})}var O=class{diff(e,t,n={}){let r;typeof n==`function`?(r=n,n={}):`callback`in n&&(r=n.callback);let i=this.castInput(e,n),a=this.castInput(t,n),o=this.removeEmpty(this.tokenize(i,n)),s=this.removeEmpty(this.tokenize(a,n));return this.diffWithOptionsObj(o,s,n,r)}diffWithOptionsObj(e,t,n,r){let i=e=>{if(e=this.postProcess(e,n),r)setTimeout(function(){r(e)},0);else return e},a=t.length,o=e.length,s=1,c=a+o;n.maxEditLength!=null&&(c=Math.min(c,n.maxEditLength));let l=n.timeout??1/0,u=Date.now()+l,d=[{oldPos:-1,lastComponent:void 0}],f=this.extractCommon(d[0],t,e,0,n);if(d[0].oldPos+1>=o&&f+1>=a)return i(this.buildValues(d[0].lastComponent,t,e));let p=-1/0,m=1/0,h=()=>{for(let r=Math.max(p,-s);r<=Math.min(m,s);r+=2){let s,c=d[r-1],l=d[r+1];c&&(d[r-1]=void 0);let u=!1;if(l){let e=l.oldPos-r;u=l&&0<=e&&e<a}let h=c&&c.oldPos+1<o;if(!u&&!h)d[r]=void 0;else{if(s=!h||u&&c.oldPos<l.oldPos?this.addToPath(l,!0,!1,0,n):this.addToPath(c,!1,!0,1,n),f=this.extractCommon(s,t,e,r,n),s.oldPos+1>=o&&f+1>=a)return i(this.buildValues(s.lastComponent,t,e))||!0;d[r]=s,s.oldPos+1>=o&&(m=Math.min(m,r-1)),f+1>=a&&(p=Math.max(p,r+1))}}s++};if(r)(function e(){setTimeout(function(){if(s>c||Date.now()>u)return r(void 0);h()||e()},0)})();else for(;s<=c&&Date.now()<=u;){let e=h();if(e)return e}}addToPath(e,t,n,r,i){let a=e.lastComponent;return a&&!i.oneChangePerToken&&a.added===t&&a.removed===n?{oldPos:e.oldPos+r,lastComponent:{count:a.count+1,added:t,removed:n,previousComponent:a.previousComponent}}:{oldPos:e.oldPos+r,lastComponent:{count:1,added:t,removed:n,previousComponent:a}}}extractCommon(e,t,n,r,i){let a=t.length,o=n.length,s=e.oldPos,c=s-r,l=0;for(;c+1<a&&s+1<o&&this.equals(n[s+1],t[c+1],i);)c++,s++,l++,i.oneChangePerToken&&(e.lastComponent={count:1,previousComponent:e.lastComponent,added:!1,removed:!1});return l&&!i.oneChangePerToken&&(e.lastComponent={count:l,previousComponent:e.lastComponent,added:!1,removed:!1}),e.oldPos=s,c}equals(e,t,n){return n.comparator?n.comparator(e,t):e===t||!!n.ignoreCase&&e.toLowerCase()===t.toLowerCase()}removeEmpty(e){let t=[];for(let n=0;n<e.length;n++)e[n]&&t.push(e[n]);return t}castInput(e,t){return e}tokenize(e,t){return Array.from(e)}join(e){return e.join(``)}postProcess(e,t){return e}get useLongestToken(){return!1}buildValues(e,t,n){let r=[],i;for(;e;)r.push(e),i=e.previousComponent,delete e.previousComponent,e=i;r.reverse();let a=r.length,o=0,s=0,c=0;for(;o<a;o++){let e=r[o];if(e.removed)e.value=this.join(n.slice(c,c+e.count)),c+=e.count;else{if(!e.added&&this.useLongestToken){let r=t.slice(s,s+e.count);r=r.map(function(e,t){let r=n[c+t];return r.length>e.length?r:e}),e.value=this.join(r)}else e.value=this.join(t.slice(s,s+e.count));s+=e.count,e.added||(c+=e.count)}}return r}};new class extends O{};function k(e,t){let n=0;for(;n<e.length&&n<t.length;n++)if(e[n]!=t[n])return e.slice(0,n);return e.slice(0,n)}function A(e,t){let n;if(!e||!t||e[e.length-1]!=t[t.length-1])return``;for(n=0;n<e.length&&n<t.length;n++)if(e[e.length-(n+1)]!=t[t.length-(n+1)])return e.slice(-n);return e.slice(-n)}function j(e,t,n){if(e.slice(0,t.length)!=t)throw Error(`string ${JSON.stringify(e)} doesn't start with prefix ${JSON.stringify(t)}; this is a bug`);return n+e.slice(t.length)}function M(e,t,n){if(!t)return e+n;if(e.slice(-t.length)!=t)throw Error(`string ${JSON.stringify(e)} doesn't end with suffix ${JSON.stringify(t)}; this is a bug`);return e.slice(0,-t.length)+n}function N(e,t){return j(e,t,``)}function P(e,t){return M(e,t,``)}function F(e,t){return t.slice(0,re(e,t))}function re(e,t){let n=0;e.length>t.length&&(n=e.length-t.length);let r=t.length;e.length<t.length&&(r=e.length);let i=Array(r),a=0;i[0]=0;for(let e=1;e<r;e++){for(t[e]==t[a]?i[e]=i[a]:i[e]=a;a>0&&t[e]!=t[a];)a=i[a];t[e]==t[a]&&a++}a=0;for(let r=n;r<e.length;r++){for(;a>0&&e[r]!=t[a];)a=i[a];e[r]==t[a]&&a++}return a}function I(e,t){let n=[];for(let r of Array.from(t.segment(e))){let e=r.segment;n.length&&/\s/.test(n[n.length-1])&&/\s/.test(e)?n[n.length-1]+=e:n.push(e)}return n}function L(e,t){if(t)return z(e,t)[1];let n;for(n=e.length-1;n>=0&&e[n].match(/\s/);n--);return e.substring(n+1)}function R(e,t){if(t)return z(e,t)[0];let n=e.match(/^\s*/);return n?n[0]:``}function z(e,t){if(!t)return[R(e),L(e)];if(t.resolvedOptions().granularity!=`word`)throw Error(`The segmenter passed must have a granularity of "word"`);let n=I(e,t),r=n[0],i=n[n.length-1];return[/\s/.test(r)?r:``,/\s/.test(i)?i:``]}var B=`a-zA-Z0-9_\\u{AD}\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2C6}\\u{2C8}-\\u{2D7}\\u{2DE}-\\u{2FF}\\u{1E00}-\\u{1EFF}`,V=RegExp(`[${B}]+|\\s+|[^${B}]`,`ug`);new class extends O{equals(e,t,n){return n.ignoreCase&&(e=e.toLowerCase(),t=t.toLowerCase()),e.trim()===t.trim()}tokenize(e,t={}){let n;if(t.intlSegmenter){let r=t.intlSegmenter;if(r.resolvedOptions().granularity!=`word`)throw Error(`The segmenter passed must have a granularity of "word"`);n=I(e,r)}else n=e.match(V)||[];let r=[],i=null;return n.forEach(e=>{/\s/.test(e)?i==null?r.push(e):r.push(r.pop()+e):i!=null&&/\s/.test(i)?r[r.length-1]==i?r.push(r.pop()+e):r.push(i+e):r.push(e),i=e}),r}join(e){return e.map((e,t)=>t==0?e:e.replace(/^\s+/,``)).join(``)}postProcess(e,t){if(!e||t.oneChangePerToken)return e;let n=null,r=null,i=null;return e.forEach(e=>{e.added?r=e:e.removed?i=e:((r||i)&&H(n,i,r,e,t.intlSegmenter),n=e,r=null,i=null)}),(r||i)&&H(n,i,r,null,t.intlSegmenter),e}};function H(e,t,n,r,i){if(t&&n){let[a,o]=z(t.value,i),[s,c]=z(n.value,i);if(e){let r=k(a,s);e.value=M(e.value,s,r),t.value=N(t.value,r),n.value=N(n.value,r)}if(r){let e=A(o,c);r.value=j(r.value,c,e),t.value=P(t.value,e),n.value=P(n.value,e)}}else if(n){if(e){let e=R(n.value,i);n.value=n.value.substring(e.length)}if(r){let e=R(r.value,i);r.value=r.value.substring(e.length)}}else if(e&&r){let n=R(r.value,i),[a,o]=z(t.value,i),s=k(n,a);t.value=N(t.value,s);let c=A(N(n,s),o);t.value=P(t.value,c),r.value=j(r.value,n,c),e.value=M(e.value,n,n.slice(0,n.length-c.length))}else if(r){let e=R(r.value,i),n=F(L(t.value,i),e);t.value=P(t.value,n)}else if(e){let n=F(L(e.value,i),R(t.value,i));t.value=N(t.value,n)}}new class extends O{tokenize(e){let t=RegExp(`(\\r?\\n)|[${B}]+|[^\\S\\n\\r]+|[^${B}]`,`ug`);return e.match(t)||[]}};var U=new class extends O{constructor(){super(...arguments),this.tokenize=G}equals(e,t,n){return n.ignoreWhitespace?(n.newlineIsToken&&e.includes(`
`)||(e=e.trim()),n.newlineIsToken&&t.includes(`
`)||(t=t.trim())):n.ignoreNewlineAtEof&&!n.newlineIsToken&&(e.endsWith(`
`)&&(e=e.slice(0,-1)),t.endsWith(`
`)&&(t=t.slice(0,-1))),super.equals(e,t,n)}};function W(e,t,n){return U.diff(e,t,n)}function G(e,t){t.stripTrailingCr&&(e=e.replace(/\r\n/g,`
`));let n=[],r=e.split(/(\n|\r\n)/);r[r.length-1]||r.pop();for(let e=0;e<r.length;e++){let i=r[e];e%2&&!t.newlineIsToken?n[n.length-1]+=i:n.push(i)}return n}function K(e){return e==`.`||e==`!`||e==`?`}new class extends O{tokenize(e){let t=[],n=0;for(let r=0;r<e.length;r++){if(r==e.length-1){t.push(e.slice(n));break}if(K(e[r])&&e[r+1].match(/\s/)){for(t.push(e.slice(n,r+1)),r=n=r+1;e[r+1]?.match(/\s/);)r++;t.push(e.slice(n,r+1)),n=r+1}}return t}},new class extends O{tokenize(e){return e.split(/([{}:;,]|\s+)/)}},new class extends O{constructor(){super(...arguments),this.tokenize=G}get useLongestToken(){return!0}castInput(e,t){let{undefinedReplacement:n,stringifyReplacer:r=(e,t)=>t===void 0?n:t}=t;return typeof e==`string`?e:JSON.stringify(q(e,null,null,r),null,`  `)}equals(e,t,n){return super.equals(e.replace(/,([\r\n])/g,`$1`),t.replace(/,([\r\n])/g,`$1`),n)}};function q(e,t,n,r,i){t||=[],n||=[],r&&(e=r(i===void 0?``:i,e));let a=0;for(;a<t.length;a+=1)if(t[a]===e)return n[a];let o;if(Object.prototype.toString.call(e)===`[object Array]`){for(t.push(e),o=Array(e.length),n.push(o),a=0;a<e.length;a+=1)o[a]=q(e[a],t,n,r,String(a));return t.pop(),n.pop(),o}if(e&&e.toJSON&&(e=e.toJSON()),typeof e==`object`&&e){t.push(e),o={},n.push(o);let i=[],s;for(s in e)Object.prototype.hasOwnProperty.call(e,s)&&i.push(s);for(i.sort(),a=0;a<i.length;a+=1)s=i[a],o[s]=q(e[s],t,n,r,s);t.pop(),n.pop()}else o=e;return o}new class extends O{tokenize(e){return e.slice()}join(e){return e}removeEmpty(e){return e}};var J=3,Y=c(`
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
`);function X({name:e,before:t,after:n}){let{data:i,error:a,reread:o}=r(Y,{name:e,before:t,after:n},{concerns:()=>!1}),s=i?.workflow;return s?S(ie,{workflow:s}):a?S(p,{message:a,retry:o}):S(u,{count:4})}function ie({workflow:{before:e,after:t}}){if(e?.yaml==null||t?.yaml==null)return S(`p`,{class:`faint`,children:`One of these versions is no longer kept.`});let n=se(oe(e.yaml,t.yaml));return n.length===0?S(`p`,{class:`faint`,children:`The two versions have the same lines. A secret may have changed.`}):S(`div`,{class:`diff`,role:`table`,"aria-label":`Changes from version ${e.number} to version ${t.number}`,children:n.map((e,t)=>S(`div`,{class:`hunk`,role:`rowgroup`,children:e.map(e=>S(`div`,{class:`diff-line ${e.kind}`,role:`row`,children:[S(`span`,{class:`line-number`,role:`cell`,children:e.before}),S(`span`,{class:`line-number`,role:`cell`,children:e.after}),S(`span`,{class:`sign`,role:`cell`,"aria-label":e.kind,children:ae[e.kind]}),S(`code`,{role:`cell`,children:e.text})]},`${e.before}-${e.after}`))},t))})}var ae={same:` `,added:`+`,removed:`−`};function oe(e,t){let n=[],[r,i]=[0,0];for(let{value:a,added:o,removed:s}of W(e,t)){let e=o?`added`:s?`removed`:`same`;for(let t of a.replace(/\n$/,``).split(`
`))n.push({kind:e,text:t,before:o?null:++r,after:s?null:++i})}return n}function se(e){let t=e.map((t,n)=>e.slice(Math.max(n-J,0),n+J+1).some(({kind:e})=>e!==`same`)),n=[];return e.forEach((e,r)=>{t[r]&&(t[r-1]&&n.length>0?n.at(-1)?.push(e):n.push([e]))}),n}function ce({name:e,versions:t}){let[n,r]=d(),i=t.map(({number:e})=>e),a=Q(n.get(`to`),i)??i[0]??1,o=Q(n.get(`from`),i)??i.find(e=>e<a)??a,s=n.has(`to`);return t.length<2?S(`p`,{class:`faint`,children:`There is one version. Each save that changes something adds one.`}):S(x,{children:[S(`div`,{class:`inline-form compare`,children:[S(Z,{label:`From`,versions:t,value:o,change:e=>r({from:e,to:String(a)})}),S(Z,{label:`To`,versions:t,value:a,change:e=>r({to:e,from:String(o)})}),S(`button`,{type:`button`,"aria-expanded":s,onClick:()=>r(s?{to:null,from:null}:{to:String(a),from:String(o)}),children:s?`Hide changes`:`Show changes`})]}),s&&S(X,{name:e,before:o,after:a},`${o} ${a}`)]})}function Z({label:e,versions:t,value:n,change:r}){let i=t.find(({number:e})=>e===n);return S(`label`,{children:[e,S(`span`,{class:`choice`,children:[S(`select`,{value:String(n),onChange:e=>r(e.currentTarget.value),children:t.map(({number:e})=>S(`option`,{value:String(e),children:[`Version `,e]},e))}),i&&S(s,{at:i.createdAt,as:`moment`})]})]})}function Q(e,t){return t.find(t=>String(t)===e)}var $=c(`
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
`),le=c(`
  query NextTimes($schedule: ScheduleInput!) {
    schedulePreview(schedule: $schedule, count: 5)
  }
`),ue=c(`
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
`);function de({id:e}){let{data:t,error:i,reread:s}=r($,{id:e},{concerns:a}),[c,l]=d(),f=t?.node?.__typename===`Workflow`?t.node:void 0;if(t&&!f)return S(m,{});let h=e=>l({run:e?`1`:null});return S(o,{title:f?.name??`Workflow`,above:S(n,{href:`/workflows`,children:`Workflows`}),actions:f&&S(fe,{workflow:f,run:()=>h(!0)}),children:[i&&!f&&S(p,{message:i,retry:s}),!i&&!f&&S(u,{count:6}),f&&c.has(`run`)&&S(pe,{workflow:f,close:()=>h(!1)}),f&&S(me,{workflow:f})]})}function fe({workflow:e,run:r}){let[,i]=t();return S(x,{children:[(e.schedule||e.isPaused)&&S(ne,{name:e.name,isPaused:e.isPaused}),S(te,{name:e.name,done:()=>i(`/workflows`)}),S(n,{href:`/workflows/${e.id}/edit`,class:`button`,"aria-keyshortcuts":`e`,children:`Edit`}),S(`button`,{type:`button`,class:`main`,"aria-keyshortcuts":`Shift+R`,onClick:r,children:[S(l,{}),`Run`]})]})}function pe({workflow:{name:e,definition:n},close:r}){let[,i]=t();return S(C,{title:`Run ${e}`,verb:`Run now`,specs:g(n),mutation:ue,variables:{name:e},done:e=>i(`/workflow-runs/${e}`),close:r})}function me({workflow:t}){let{name:n,description:r,version:a,definition:o,updatedAt:c,versions:l,schedule:u,nextRunAt:d,isPaused:f}=t,p=y(),m=p===null?null:_(o,p);return S(x,{children:[r&&S(`p`,{class:`lead`,children:r}),S(`p`,{class:`summary`,children:[f&&S(h,{status:`PAUSED`}),S(`span`,{children:u?.summary??`Runs when you start it`}),d&&S(`span`,{children:[`Next `,S(s,{at:d}),` · `,S(s,{at:d,as:`moment`})]}),S(`span`,{class:`faint`,children:[`Version `,a,`, saved `,S(s,{at:c})]})]}),S(i,{title:`Steps`,children:[S(ee,{steps:v(o),selected:p}),m&&p!==null&&S(D,{name:p,step:m})]}),u&&d&&S(he,{schedule:u}),S(i,{title:`Runs`,children:S(e,{name:n})}),S(i,{title:`Versions`,children:S(ce,{name:n,versions:l.nodes})})]})}function he({schedule:e}){let t=_e(e);return t&&S(ge,{schedule:t})}function ge({schedule:e}){let{data:t}=r(le,{schedule:e}),n=t?.schedulePreview??[];return n.length===0?null:S(i,{title:`Next times`,children:S(`ol`,{class:`next-times`,children:n.map(e=>S(`li`,{children:[S(s,{at:e,as:`moment`}),` `,S(`span`,{class:`faint`,children:S(s,{at:e})})]},e))})})}function _e(e){return e.__typename===`CronSchedule`?{cron:{expression:e.expression,timeZone:e.timeZone}}:e.__typename===`IntervalSchedule`?{every:{interval:e.interval,start:e.start,end:e.end}}:null}export{de as WorkflowPage};