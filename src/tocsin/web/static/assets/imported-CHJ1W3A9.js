/*! Licenses of the bundled packages: /assets/licences.md */
import{p as e,t}from"./jsxRuntime.module-CnYUX-XB.js";import{n,t as r,v as i}from"./time-BRH1184B.js";import{b as a}from"./index-Hs8ExkQT.js";import{n as o,r as s,t as c}from"./json-field-BA_hpJD8.js";import{t as l}from"./form-CE7OeyD2.js";import{i as u,n as ee,o as d,r as f,t as te}from"./secret-references-Q0HJSKET.js";var ne=`GeoJSON, such as {"type": "Polygon", "coordinates": [[[8, 50], [9, 50], [9, 51], [8, 50]]]}`,p=`One address a line, among those that this server allows jobs to write to`,m={http:{name:`HTTP request`,fields:{}},email:{name:`Email`,fields:{to:{label:`To`,as:`list`,hint:p,isRequired:!0},subject:{label:`Subject`,as:`line`,isRequired:!0},body:{label:`Text`,as:`text`,isRequired:!0},attachments:{label:`Attachments`,as:`json`,hint:`A list of objects with name, contentType and one of text, json, base64 and fileId`}}},report:{name:`Report`,fields:{title:{label:`Title`,as:`line`,isRequired:!0},format:{label:`Format`,as:`choice`,choices:[`PDF`,`HTML`,`CSV`,`JSON`]},"runs.period":{label:`Runs of the last`,as:`duration`,hint:`Such as 7 d, up to the due time. Or give a beginning and an end`},"runs.from":{label:`Runs due from`,as:`moment`},"runs.to":{label:`Runs due before`,as:`moment`},"runs.taskId":{label:`Of one task only`,as:`line`,hint:`ID of the task`},data:{label:`Or data`,as:`json`,hint:`A list of objects becomes a table`},columns:{label:`Columns`,as:`list`,hint:`One name a line, in this order. Default: all`},chart:{label:`Add a bar chart`,as:`check`},fileName:{label:`File name`,as:`line`,hint:`Default: the title`},recipients:{label:`Mail the link to`,as:`list`,hint:p}}},polygonArea:{name:`Polygon area`,fields:{geojson:{label:`Polygons`,as:`json`,hint:ne,isRequired:!0},repair:{label:`Repair invalid polygons`,as:`check`}}},countryLookup:{name:`Country lookup`,fields:{longitude:{label:`Longitude`,as:`number`,hint:`Degrees, -180 to 180`},latitude:{label:`Latitude`,as:`number`,hint:`Degrees, -90 to 90`},geojson:{label:`Or a geometry`,as:`json`,hint:`GeoJSON of only points, only lines or only areas`},repair:{label:`Repair invalid polygons`,as:`check`}}},custom:{name:`Other`,fields:{type:{label:`Kind`,as:`line`,hint:`Name of a kind of job that this server has`,isRequired:!0},params:{label:`Parameters`,as:`json`,hint:`An object`,isRequired:!0}}}};function h(e){return m[e].fields}var re=i(`
  fragment TaskSettings on Task {
    id
    name
    description
    uniqueName
    tags
    version
    overlap
    timeout
    timeoutIsDefault
    queue
    priority
    alertAfter
    alertOnMissed
    pauseAfter
    misfire {
      policy
      grace
      maxRuns
    }
    retry {
      isDefault
      maxRetries
      offsets
      statuses
      backoff {
        initial
        factor
        max
        jitter
      }
    }
    schedule {
      __typename
      summary
      ... on OnceSchedule {
        at
      }
      ... on IntervalSchedule {
        interval
        start
        end
      }
      ... on CronSchedule {
        expression
        timeZone
      }
    }
    job {
      __typename
      kind
      ... on HttpJob {
        url
        method
        headers {
          name
          value
        }
        secretHeaders
        body
        bodyText
        bodyForm
        hasToken
        connectTimeout
        expectCallback {
          within
        }
      }
      ... on EmailJob {
        to
        subject
        body
        attachments
      }
      ... on PolygonAreaJob {
        geojson
        repair
      }
      ... on CountryLookupJob {
        geojson
        repair
      }
      ... on ReportJob {
        title
        format
        runs {
          period
          from
          to
          taskId
        }
        data
        columns
        chart
        fileName
        recipients
      }
      ... on CustomJob {
        type
        params
      }
    }
  }
`),ie=i(`
    query TaskToEdit($id: ID!) {
      task(id: $id) {
        ...TaskSettings
      }
    }
  `,[re]),ae=i(`
  query FirstTask {
    tasks(first: 1) {
      nodes {
        id
      }
    }
  }
`),oe=i(`
  mutation CreateTaskByForm($input: CreateTaskInput!) {
    createTask(input: $input) {
      task {
        id
        name
      }
      userErrors {
        field
        message
      }
    }
  }
`),se=i(`
  mutation UpdateTaskByForm($input: UpdateTaskInput!) {
    updateTask(input: $input) {
      task {
        id
        version
      }
      userErrors {
        field
        message
      }
    }
  }
`),ce=i(`
  query PreviewTask($schedule: ScheduleInput!, $retry: RetryInput, $count: Int!) {
    taskPreview(schedule: $schedule, retry: $retry, count: $count) {
      summary
      dueTimes
      retryWaits
      retry {
        isDefault
        maxRetries
        backoff {
          jitter
        }
      }
    }
  }
`),le=i(`
  mutation TryJob($input: TryJobInput!) {
    tryJob(input: $input) {
      trial {
        statusCode
        durationMs
        timeout
        redirects
        responseBody
        responseTruncated
        responseHeaders {
          name
          value
        }
        request {
          method
          url
          headers {
            name
            value
          }
        }
        timings {
          dns
          connect
          firstByte
          total
        }
        error {
          message
          hint
        }
      }
      userErrors {
        field
        message
      }
    }
  }
`),ue=i(`
  query QueueNames {
    queues {
      name
    }
  }
`),g={ms:.001,s:1,sec:1,second:1,min:60,m:60,minute:60,h:3600,hour:3600,d:86400,day:86400,w:604800,week:604800},de=/^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*,?/i,fe=/^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i,pe=[604800,86400,3600,60,1];function _(e){let t=fe.exec(e.trim());if(t&&/\d/.test(e))return b(pe.reduce((e,n,r)=>e+Number(t[r+1]??0)*n,0));let n=e.trim(),r=0;for(;n!==``;){let[e=``,t=``,i=``]=de.exec(n)??[],a=g[i.toLowerCase()]??g[i.toLowerCase().replace(/s$/,``)];if(a===void 0)return null;r+=Number(t)*a,n=n.slice(e.length).trim()}return e.trim()===``?null:b(r)}function me(e){let t=Math.floor(e/86400),n=Math.floor(e%86400/3600),r=Math.floor(e%3600/60),i=b(e%60),a=t?`${t}D`:``,o=[n&&`${n}H`,r&&`${r}M`,i&&`${i}S`].filter(Boolean).join(``);return a||o?`P${a}${o&&`T${o}`}`:`PT0S`}function v(e){let t=e?_(e):null;return t===null?e??``:y(t)}function y(e){return e===0?`0 s`:e<1?`${b(e*1e3)} ms`:[[Math.floor(e/86400),`d`],[Math.floor(e%86400/3600),`h`],[Math.floor(e%3600/60),`min`],[b(e%60),`s`]].flatMap(([e,t])=>e?[`${e} ${t}`]:[]).join(` `)}function b(e){return Math.round(e*1e3)/1e3}var x=Intl.DateTimeFormat().resolvedOptions().timeZone;function he(e){if(!e)return``;let t=new Date(e);return new Date(t.getTime()-t.getTimezoneOffset()*6e4).toISOString().slice(0,t.getSeconds()||t.getMilliseconds()?19:16)}function S(e){let t=new Date(e);return e===``||Number.isNaN(t.getTime())?null:t.toISOString()}var ge=new Intl.DateTimeFormat(`en-GB`,{weekday:`short`,day:`numeric`,month:`short`,year:`numeric`,timeZone:`UTC`});function C(e){let[,t=``,n=``,r=`0`,i=`0`]=/^([^.Z+]*?)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/.exec(e)??[],a=(Number(r)*60+Number(i))*(n===`-`?-1:1),[o=``,s=``]=t.split(`T`),c=s.endsWith(`:00`)?s.slice(0,5):s;return{instant:Date.parse(e),offset:a,text:`${ge.format(Date.parse(o))}, ${c}`,clock:s.slice(0,5),offsetText:n?`${n}${r}:${i}`:`UTC`}}function _e(e,t){let n=t-e;if(n===0)return``;let r=Math.abs(n),i=r%60==0?`${r/60} h`:`${r} min`;return`Clocks go ${n>0?`forward`:`back`} by ${i}: ${w(e)} becomes ${w(t)}`}function ve(e,t){try{let n=new Intl.DateTimeFormat(`en`,{timeZone:t,timeZoneName:`longOffset`}).formatToParts(e).find(({type:e})=>e===`timeZoneName`)?.value??``,[,r=`+`,i=`0`,a=`0`]=/^GMT(?:([+-])(\d\d):(\d\d))?/.exec(n)??[];return(Number(i)*60+Number(a))*(r===`-`?-1:1)}catch{return null}}function w(e){let t=Math.abs(e);return`${e<0?`-`:`+`}${String(Math.floor(t/60)).padStart(2,`0`)}:${String(t%60).padStart(2,`0`)}`}var T={method:`GET`,url:``,headers:[],auth:`none`,token:``,hasToken:!1,user:``,password:``,bodyKind:`none`,json:``,text:``,fields:[],connectTimeout:``,expectsCallback:!1,callbackWithin:`1 h`};function E(){return{name:``,description:``,uniqueName:!1,tags:``,kind:`http`,http:T,jobs:Object.fromEntries(Object.keys(m).map(e=>[e,be(e)])),schedule:{kind:`cron`,at:``,interval:`1 h`,start:``,end:``,expression:`0 9 * * 1-5`,timeZone:x},retry:{kind:`default`,maxRetries:``,offsets:`1 min, 10 min, 1 h`,initial:`10 s`,factor:`2`,max:``,jitter:`0`,statuses:``},timeout:``,overlap:`SKIP`,misfirePolicy:`RUN_ONCE`,misfireGrace:``,misfireMaxRuns:``,queue:``,priority:``,alertAfter:``,alertOnMissed:!1,pauseAfter:``}}function ye(){let{name:e,tags:t,job:n,schedule:r}=a,i=E(),o={...i.schedule,kind:`every`,interval:v(r.every.interval)};return{...i,name:e,tags:t.join(`, `),http:{...T,url:n.http.url},schedule:o}}function be(e){return Object.fromEntries(Object.entries(h(e)).map(([e,{choices:t}])=>[e,t?.[0]??``]))}function xe(e){let t=e.http.headers.map(e=>e.isSecret?{...e,value:``}:e);return{...e,http:{...e.http,headers:t,token:``,password:``}}}function Se(e,t){return JSON.stringify(e)===JSON.stringify(t)}function Ce(e,t,n){if(Se(e,t))return n;if(!D(e)||!D(t)||!D(n))return e;let r=Object.keys({...n,...e});return Object.fromEntries(r.map(r=>[r,Ce(e[r],t[r],n[r])]))}function D(e){return typeof e==`object`&&!!e&&!Array.isArray(e)}function we({title:e,about:n,children:r}){return t(`section`,{class:`form-section`,"aria-label":e,children:[t(`div`,{class:`about`,children:[t(`h2`,{children:e}),t(`p`,{children:n})]}),t(`div`,{class:`fields`,children:r})]})}function Te({name:e,label:n,value:r,set:i,hint:a,isCode:o=!1,type:s=`text`,...c}){return t(l,{name:e,label:n,hint:a,children:e=>t(`input`,{...e,...c,type:s,step:s===`datetime-local`?`any`:void 0,class:o?`mono`:void 0,value:r,spellcheck:!1,autocomplete:c.autocomplete??`off`,onInput:e=>i(e.currentTarget.value)})})}function Ee({name:e,label:n,value:r,set:i,hint:a,placeholder:o,isCode:s=!0,rows:c=5}){return t(l,{name:e,label:n,hint:a,children:e=>t(`textarea`,{...e,class:s?`mono`:void 0,rows:Math.min(Math.max(c,r.split(`
`).length),24),value:r,spellcheck:!s,placeholder:o,onInput:e=>i(e.currentTarget.value)})})}function De({name:e,label:n,hint:r,value:i,set:a}){return t(l,{name:e,label:n,hint:r,children:e=>t(c,{control:e,label:n,initial:i,change:a})})}function Oe({name:e,label:n,value:r,set:i,hint:a,choices:o}){return t(l,{name:e,label:n,hint:a,children:e=>t(`select`,{...e,value:r,onChange:e=>i(e.currentTarget.value),children:o.map(([e,n])=>t(`option`,{value:e,children:n},e))})})}function ke({name:e,label:n,isOn:r,set:i}){return t(`label`,{class:`check`,"data-field":e,children:[t(`input`,{type:`checkbox`,name:e,checked:r,onChange:e=>i(e.currentTarget.checked)}),t(`span`,{children:n})]})}function Ae({label:e,value:n,set:r,choices:i}){return t(`div`,{class:`segments`,role:`group`,"aria-label":e,children:i.map(([e,i])=>t(`button`,{type:`button`,"aria-pressed":n===e,onClick:()=>r(e),children:i},e))})}function je({label:e,values:n,isOn:r,toggle:i,show:a,name:o=a}){return t(`div`,{class:`toggles`,role:`group`,"aria-label":e,children:n.map(e=>t(`button`,{type:`button`,"aria-pressed":r(e),title:o(e),onClick:()=>i(e),children:a(e)},e))})}function Me(e){let t=new O;return{value:{name:t.name(e.name),description:e.description,uniqueName:e.uniqueName,tags:k(e.tags,/[,\n]/),job:t.job(e),schedule:t.schedule(e.schedule),retry:t.retry(e.retry),timeout:t.duration(`timeout`,e.timeout),overlap:e.overlap,misfire:t.misfire(e),queue:e.queue.trim()||null,priority:t.number(`priority`,e.priority),alertAfter:t.number(`alertAfter`,e.alertAfter),alertOnMissed:e.alertOnMissed,pauseAfter:t.number(`pauseAfter`,e.pauseAfter)},errors:t.errors}}function Ne(e){let t=new O;return{value:{job:t.job(e),timeout:t.duration(`timeout`,e.timeout)},errors:t.errors}}function Pe(e){let t=new O;return{value:{schedule:t.schedule(e.schedule),retry:t.retry(e.retry)},errors:t.errors}}function Fe(e,t){return Object.fromEntries(Object.entries(e).filter(([e,n])=>JSON.stringify(n)!==JSON.stringify(t[e])))}var O=class{errors=[];#e(e,t){this.errors.push({field:e.split(`.`),message:t})}name(e){return e.trim()===``&&this.#e(`name`,`Give the task a name.`),e.trim()}duration(e,t){if(t.trim()===``)return null;let n=_(t);return n===null&&this.#e(e,`Write a duration such as 30 s, 5 min, 1 h 30 min or 2 d.`),n===null?null:me(n)}number(e,t,n=!0){if(t.trim()===``)return null;let r=Number(t);return Number.isFinite(r)&&(!n||Number.isInteger(r)&&Math.abs(r)<2**31)?r:(this.#e(e,n?`Write a whole number.`:`Write a number.`),null)}json(e,t){let{value:n,fault:r}=o(t);return r&&this.#e(e,`This is not valid JSON. ${s(r)}`),n}job(e){let{kind:t}=e;return t===`http`?{http:this.#t(e.http)}:{[t]:this.#a(t,e.jobs[t]??{},h(t))}}#t(e){let t=`job.http`,{headers:n,secretHeaders:r}=this.#n(e),i=this.duration(`${t}.connectTimeout`,e.connectTimeout),a=e.expectsCallback?this.duration(`${t}.expectCallback.within`,e.callbackWithin):null;return e.expectsCallback&&a===null&&e.callbackWithin.trim()===``&&this.#e(`${t}.expectCallback.within`,`Give a time.`),e.url.trim()===``&&this.#e(`${t}.url`,`Give the URL to call.`),{url:e.url.trim(),method:e.method,headers:n,...r.length>0&&{secretHeaders:r},...this.#i(e),...this.#r(e),...i&&{connectTimeout:i},...a&&{expectCallback:{within:a}}}}#n({headers:e,auth:t,user:n,password:r}){let i=e.filter(({name:e,value:t})=>e.trim()!==``||t!==``);i.some(({name:e})=>e.trim()===``)&&this.#e(`job.http.headers`,`A header has no name.`);let a=i.map(({name:e})=>e.trim().toLowerCase());new Set(a).size<a.length&&this.#e(`job.http.headers`,`A header is given twice.`),t===`basic`&&f(n+r)&&this.#e(`job.http.password`,te);let o=t===`basic`?[[`Authorization`,`Basic ${Ie(`${n}:${r}`)}`]]:[],s=i.map(({name:e,value:t,isKept:n})=>[e.trim(),n&&t===``?null:t]);return{headers:Object.fromEntries([...s,...o]),secretHeaders:i.flatMap(({name:e,isSecret:t})=>t?[e.trim()]:[])}}#r({auth:e,token:t,hasToken:n}){return e===`bearer`&&t===``&&!n&&this.#e(`job.http.token`,`Give the token.`),e===`bearer`?t===``?{}:{token:t}:n?{token:``}:{}}#i({bodyKind:e,json:t,text:n,fields:r}){return e===`json`?{body:this.json(`job.http.body`,t)}:e===`text`?{bodyText:n}:e===`form`?{bodyForm:Le(r)}:{}}#a(e,t,n){let r={};for(let[i,a]of Object.entries(n)){let n=t[i]??``,o=this.#o(`job.${e}.${i}`,n,a);a.isRequired&&n.trim()===``&&this.#e(`job.${e}.${i}`,`${a.label} is required.`);let[s=``,c]=i.split(`.`);o!=null&&(r[s]=c===void 0?o:{...r[s],[c]:o})}return r}#o(e,t,{as:n}){return n===`check`?t===`true`:n===`list`?t.trim()===``?null:k(t,/[\n,;]/):n===`duration`?this.duration(e,t):n===`moment`?S(t):n===`number`?this.number(e,t,!1):n===`json`?t.trim()===``?null:this.json(e,t):t===``?null:t}schedule(e){if(e.kind===`now`)return{now:!0};if(e.kind===`cron`)return{cron:{expression:e.expression.trim(),timeZone:e.timeZone.trim()||`UTC`}};if(e.kind===`at`){let t=S(e.at);return t===null&&this.#e(`schedule.at`,`Give the date and time.`),{at:t??``}}let t=this.duration(`schedule.every.interval`,e.interval);e.interval.trim()===``&&this.#e(`schedule.every.interval`,`Give the interval, such as 15 min.`);let[n,r]=[S(e.start),S(e.end)];return{every:{interval:t??``,...n&&{start:n},...r&&{end:r}}}}retry(e){let t=this.#l(e.statuses);if(e.kind===`none`)return{maxRetries:0};let n=this.number(`retry.maxRetries`,e.maxRetries),r={...n!==null&&{maxRetries:n},...t.length>0&&{statuses:t}};return e.kind==="default"?Object.keys(r).length>0?r:null:e.kind===`offsets`?{...r,offsets:this.#s(e.offsets)}:{...r,backoff:this.#c(e)}}#s(e){let t=k(e,/[,;\n]/).map(e=>this.duration(`retry.offsets`,e)??``);return t.length===0&&this.#e(`retry.offsets`,`Give at least one wait, such as 1 min.`),t}#c({initial:e,factor:t,max:n,jitter:r}){let i=this.duration(`retry.backoff.initial`,e);e.trim()===``&&this.#e(`retry.backoff.initial`,`Give the first wait, such as 10 s.`);let a=this.duration(`retry.backoff.max`,n);return{initial:i??``,factor:this.number(`retry.backoff.factor`,t,!1)??2,jitter:this.number(`retry.backoff.jitter`,r,!1)??0,...a&&{max:a}}}#l(e){return k(e,/[,;\s]/).flatMap(e=>this.number(`retry.statuses`,e)??[])}misfire({misfirePolicy:e,misfireGrace:t,misfireMaxRuns:n}){let r=this.duration(`misfire.grace`,t),i=this.number(`misfire.maxRuns`,e===`RUN_ALL`?n:``);return e===`RUN_ONCE`&&r===null&&i===null?null:{policy:e,...r&&{grace:r},...i!==null&&{maxRuns:i}}}};function k(e,t){return e.split(t).map(e=>e.trim()).filter(Boolean)}function Ie(e){return btoa(String.fromCharCode(...new TextEncoder().encode(e)))}function Le(e){let t=new Map;for(let{name:n,value:r}of e)(n!==``||r!==``)&&t.set(n,[...t.get(n)??[],r]);return Object.fromEntries([...t].map(([e,t])=>[e,t.length===1?t[0]??``:t]))}var Re=Array.from({length:24},(e,t)=>t),ze=[`MON`,`TUE`,`WED`,`THU`,`FRI`,`SAT`,`SUN`],A={"@hourly":`0 * * * *`,"@daily":`0 0 * * *`,"@midnight":`0 0 * * *`,"@weekly":`0 0 * * 0`,"@monthly":`0 0 1 * *`},Be=[{name:`Every 15 minutes`,expression:`*/15 * * * *`},{name:`Every hour`,expression:`0 * * * *`},{name:`Every day at 09:00`,expression:`0 9 * * *`},{name:`Weekdays at 09:00`,expression:`0 9 * * 1-5`},{name:`Mondays at 09:00`,expression:`0 9 * * 1`},{name:`First of the month`,expression:`0 9 1 * *`}];function Ve(e){let t=e.trim(),[n=``,r=``,i=``,a=``,o=``,...s]=(A[t.toLowerCase()]??t).split(/\s+/);if(s.length>0||a!==`*`||o===``||i!==`*`&&o!==`*`)return null;let c=j(n,0,59),l=j(r,0,23),u=We(i,o);return c&&l&&u?{minutes:c,hours:l,days:u}:null}function He(e,t){let[n=``,r=``,...i]=(A[e.trim().toLowerCase()]??e.trim()).split(/\s+/),[a,o]=[j(n,0,59),j(r,0,23)];if(i.length!==3||a===null||o===null)return!0;let[s,c]=t.split(`:`).map(Number);return o.includes(s??-1)&&a.includes(c??-1)}function Ue({minutes:e,hours:t,days:n}){let r=n.kind===`dates`?M(n.days,31):`*`,i=n.kind===`weekdays`?M(n.days,7):`*`;return`${Ge(e)} ${t.length===24?`*`:M(t,24)} ${r} * ${i}`}function We(e,t){if(t===`*`){let t=e===`*`?null:j(e,1,31);return e===`*`?{kind:`every`}:t&&{kind:`dates`,days:t}}let n=j(ze.reduce((e,t,n)=>e.replaceAll(t,String(n+1)),t.toUpperCase()),0,7);return n&&{kind:`weekdays`,days:N(n.map(e=>e||7))}}function j(e,t,n){let r=[];for(let i of e.split(`,`)){let[,e=``,a=``,o=``]=/^(\*|\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(i)??[],s=e===`*`?t:Number(e),c=a?Number(a):e===`*`||o?n:s,l=o?Number(o):1;if(e===``||l<1||s<t||c>n||s>c)return null;for(let e=s;e<=c;e+=l)r.push(e)}return N(r)}function Ge(e){let t=60/e.length,n=e.length>1&&Number.isInteger(t)&&e.every((e,n)=>e===n*t);return e.length===60?`*`:n?`*/${t}`:M(e,60)}function M(e,t){if(e.length===0||e.length===t&&t===7)return`*`;let n=[];for(let t of N(e)){let e=n.at(-1);e&&e.at(-1)===t-1?e.push(t):n.push([t])}return n.map(e=>e.length>2?`${e[0]}-${e.at(-1)}`:e.join(`,`)).join(`,`)}function N(e){return[...new Set(e)].sort((e,t)=>e-t)}var Ke=new Intl.DateTimeFormat(`en-GB`,{weekday:`short`,day:`numeric`,month:`short`,year:`numeric`,hour:`2-digit`,minute:`2-digit`});function qe({preview:e,isCurrent:r,schedule:i,zone:a}){let{kind:o}=i,s=(e?.dueTimes??[]).map(e=>({text:e,due:C(e)})),c=ve(n.peek(),a);return t(`div`,{class:r?`next-times`:`next-times stale`,"aria-live":`polite`,children:[t(`p`,{class:`words`,children:o===`now`?`Once, as soon as it is saved`:P(e?.summary??``)}),o!==`now`&&t(`ol`,{"aria-label":`Next due times`,children:[s.map(({text:e,due:n},r)=>t(Je,{text:e,due:n,before:s[r-1]?.due.offset??c??n.offset,schedule:i},e)),e&&s.length===0&&t(`li`,{children:`It is never due.`})]}),o!==`now`&&t(`p`,{class:`faint`,children:[`Times in `,a]})]})}function P(e){return(e[0]??``).toUpperCase()+e.slice(1).replace(/ \(cron [^)]*\)$/,``)}function Je({text:n,due:i,before:a,schedule:{kind:o,expression:s}}){let c=o===`cron`,l=c?_e(a,i.offset):``,u=c&&!He(s,i.clock);return t(e,{children:[l&&t(`li`,{class:`clock-change`,children:l}),t(`li`,{children:[t(`span`,{children:c?i.text:Ke.format(i.instant)}),c&&t(`span`,{class:`faint`,children:i.offsetText}),t(`span`,{class:`faint relative`,children:t(r,{at:n})})]}),u&&t(`li`,{class:`clock-change`,children:`The clocks skip its time on this day, so that it is due when they change.`})]})}var F=class extends Error{},I=/[ \t]/,Ye=new Set([`
`,`;`,`|`,`&`,`(`,`)`]),Xe=/^(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/,Ze={a:`\x07`,b:`\b`,e:`\x1B`,E:`\x1B`,f:`\f`,n:`
`,r:`\r`,t:`	`,v:`\v`,"\\":`\\`,"'":`'`,'"':`"`,"?":`?`};function L(e,t={}){return new Qe(e.replace(/\r\n/g,`
`),t).split()}var Qe=class e{#e=0;#t=null;#n=[];#r;#i;constructor(e,t){this.#r=e,this.#i=t}split(){for(;this.#e<this.#r.length;){let e=this.#o();if(e!==`
`||this.#t!==null||this.#n.length!==0){if(Ye.has(e))return this.#u(this.#e-1);e===`#`&&this.#t===null?this.#y():e===`<`||e===`>`?this.#b(e):this.#a(e)}}return this.#u(this.#e)}#a(e){if(I.test(e))this.#l();else if(e===`\\`)this.#d();else if(e===`'`)this.#c(this.#f(`'`));else if(e===`"`)this.#c(this.#p());else if(e===`$`)this.#c(this.#h(!1));else if(e==="`")throw new F(`A command between backticks is not run here. Put its result in its place.`);else this.#c(e)}#o(){return this.#r[this.#e++]??``}#s(){return this.#r[this.#e]??``}#c(e){this.#t=(this.#t??``)+e}#l(){this.#t!==null&&this.#n.push(this.#t),this.#t=null}#u(e){return this.#l(),{words:this.#n,rest:this.#r.slice(e).trim()}}#d(){let e=this.#o();e!==`
`&&this.#c(e||`\\`)}#f(e){let t=this.#r.indexOf(e,this.#e);if(t<0)throw new F(`A quotation mark ${e} is missing: the one at character ${this.#e} is not closed.`);let n=this.#r.slice(this.#e,t);return this.#e=t+1,n}#p(){let e=this.#e,t=``;for(;this.#e<this.#r.length;){let e=this.#o();if(e===`"`)return t;if(e==="`")throw new F(`A command between backticks is not run here. Put its result in its place.`);t+=e===`$`?this.#h(!0):e===`\\`?this.#m():e}throw new F(`A quotation mark " is missing: the one at character ${e} is not closed.`)}#m(){let e=this.#o();return e===`
`?``:'$`"\\'.includes(e)&&e!==``?e:`\\${e}`}#h(e){if(!e&&this.#s()===`'`)return this.#_();if(!e&&this.#s()===`"`)return``;let t=this.#r.slice(this.#e),n=u(`$${t.slice(0,200)}`);if(n!==null)return this.#e+=n.length-1,n;let r=Xe.exec(t);if(r)return this.#g(r[1]??r[2]??``,r[0].length);if(/^[({0-9@*#?!$-]/.test(t))throw new F(`$${t.slice(0,20).split(`
`)[0]??``} is not evaluated here. Put its value in its place.`);return`$`}#g(e,t){let n=this.#i[e];if(n===void 0)throw new F(`The variable $${e} is not known here. Put its value in its place.`);return this.#e+=t,n}#_(){let e=++this.#e,t=[];for(;this.#e<this.#r.length;){let e=String.fromCodePoint(this.#r.codePointAt(this.#e)??0);if(this.#e+=e.length,e===`'`)return new TextDecoder().decode(new Uint8Array(t));t.push(...e===`\\`?this.#v():new TextEncoder().encode(e))}throw new F(`A quotation mark ' is missing: the one at character ${e} is not closed.`)}#v(){let e=/^(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3}))/.exec(this.#r.slice(this.#e));if(e){this.#e+=e[0].length;let[,t,n,r,i]=e;if(t??i)return[t?Number.parseInt(t,16):Number.parseInt(i??``,8)&255];let a=Number.parseInt(n??r??``,16);if(a>1114111)throw new F(`\\U${r} is not a character.`);return new TextEncoder().encode(String.fromCodePoint(a))}let t=this.#o();return new TextEncoder().encode(Ze[t]??`\\${t}`)}#y(){for(;this.#e<this.#r.length&&this.#s()!==`
`;)this.#e++}#b(t){if(this.#t!==null&&/^\d+$/.test(this.#t)&&(this.#t=null),this.#l(),t===`<`)throw new F(`Input from a file (<) cannot be imported. Put the text into the command.`);for(;/[>|&]/.test(this.#s());)this.#e++;for(;I.test(this.#s());)this.#e++;let n=new e(this.#r.slice(this.#e),this.#i);this.#e+=n.#x()}#x(){for(;this.#e<this.#r.length&&!/[\s;|&()<>]/.test(this.#s());)this.#a(this.#o());return this.#e}},$e={X:`request`,H:`header`,d:`data`,u:`user`,G:`get`,k:`insecure`,A:`user-agent`,e:`referer`,b:`cookie`,I:`head`,m:`max-time`,F:`form`,T:`upload-file`,K:`config`,x:`proxy`,E:`cert`,n:`netrc`,L:`location`,s:`silent`,S:`show-error`,v:`verbose`,i:`include`,f:`fail`,o:`output`,O:`remote-name`,w:`write-out`,N:`no-buffer`,D:`dump-header`,g:`globoff`,c:`cookie-jar`,r:`range`,J:`remote-header-name`,R:`remote-time`,j:`junk-session-cookies`,a:`append`,Z:`parallel`,q:`disable`,C:`continue-at`,z:`time-cond`,Y:`speed-limit`,y:`speed-time`,U:`proxy-user`,"#":`progress-bar`,0:`http1.0`,1:`tlsv1`,2:`sslv2`,3:`sslv3`,4:`ipv4`,6:`ipv6`,":":`next`,l:`list-only`,B:`use-ascii`,M:`manual`,V:`version`,p:`proxytunnel`,P:`ftp-port`,Q:`quote`,t:`telnet-option`,h:`help`},R=new Set(`request.header.data.data-ascii.data-raw.data-binary.data-urlencode.json.url.url-query.user.user-agent.referer.cookie.max-time.connect-timeout.oauth2-bearer.form.form-string.upload-file.config.proxy.cert.key.cacert.capath.resolve.connect-to.unix-socket.abstract-unix-socket.output.write-out.dump-header.cookie-jar.range.retry.retry-delay.retry-max-time.max-redirs.interface.proxy-user.continue-at.time-cond.speed-limit.speed-time.limit-rate.keepalive-time.ciphers.tls-max.curves.pass.cert-type.key-type.pinnedpubkey.aws-sigv4.socks5.socks5-hostname.socks4.socks4a.proxy-header.noproxy.dns-servers.local-port.max-filesize.trace.trace-ascii.stderr.netrc-file.proto.proto-default.proto-redir.request-target.rate.output-dir.expect100-timeout.ftp-port.quote.telnet-option.preproxy.proxy-cacert.proxy-cert.proxy-key.delegation.service-name.tls13-ciphers.variable.engine.crlfile.doh-url.happy-eyeballs-timeout-ms.hostpubmd5.login-options.alt-svc.hsts.create-file-mode.postquote.prequote`.split(`.`)),et={form:`sends a multipart form, which tasks cannot send`,"form-string":`sends a multipart form, which tasks cannot send`,"upload-file":`sends a file, which the server does not have`,config:`reads options from a file`,variable:`defines variables of curl`,proxy:`sends the request through a proxy`,preproxy:`sends the request through a proxy`,socks4:`sends the request through a proxy`,socks4a:`sends the request through a proxy`,socks5:`sends the request through a proxy`,"socks5-hostname":`sends the request through a proxy`,cert:`needs a client certificate`,key:`needs a client certificate`,"unix-socket":`calls a socket of your machine`,"abstract-unix-socket":`calls a socket of your machine`,resolve:`calls another address than that of the name`,"connect-to":`calls another address than that of the name`,digest:`needs digest authentication`,ntlm:`needs NTLM authentication`,negotiate:`needs Kerberos authentication`,anyauth:`chooses the authentication during the call`,"aws-sigv4":`signs each request`,netrc:`reads the password from a file`,"netrc-file":`reads the password from a file`,next:`makes several requests: import one at a time`,parallel:`makes several requests: import one at a time`,"request-target":`sends another path than that of the URL`},tt={insecure:`certificates are always checked`,cacert:`certificates are checked with those that the server trusts`,capath:`certificates are checked with those that the server trusts`,pinnedpubkey:`certificates are checked with those that the server trusts`,"cookie-jar":`cookies are not kept between runs`,"max-redirs":`the server sets the number of redirects`,retry:`set the retries of the task instead`,"retry-delay":`set the retries of the task instead`,"retry-max-time":`set the retries of the task instead`,output:`the answer is kept with the run`,"remote-name":`the answer is kept with the run`};function nt(e){let t=[],n=[...e],r=!1;for(let e=n.shift();e!==void 0;e=n.shift())e===`--`&&!r?r=!0:r||!e.startsWith(`-`)||e===`-`?t.push({name:`url`,value:e}):e.startsWith(`--`)?t.push(it(e.slice(2),n)):t.push(...at(e.slice(1),n));for(let{name:e}of t)ot(e);return t}function rt(e){return tt[e]}function it(e,t){return R.has(e)?{name:e,value:z(`--${e}`,t)}:{name:e,value:``}}function at(e,t){let n=[];for(let r=0;r<e.length;r++){let i=e[r]??``,a=$e[i];if(a===void 0)throw new F(`curl has no option -${i}.`);if(R.has(a)){let o=e.slice(r+1);return[...n,{name:a,value:o||z(`-${i}`,t)}]}n.push({name:a,value:``})}return n}function z(e,t){let n=t.shift();if(n===void 0)throw new F(`The option ${e} has no value.`);return n}function ot(e){let t=et[e];if(t!==void 0)throw new F(`The option --${e} ${t}. It cannot be imported.`)}var st=/^application\/json(?:\s*;\s*charset=utf-8)?$/i,ct=/^application\/x-www-form-urlencoded$/i;function B(e,t){let n=t.find(({name:e})=>e.toLowerCase()===`content-type`)?.value??``,r=t.filter(({name:e})=>e.toLowerCase()!==`content-type`);if(st.test(n)&&lt(e))return{body:{kind:`json`,text:ut(e),fields:[]},headers:r};let i=ct.test(n)?ft(e):null;return i?{body:{kind:`form`,text:``,fields:i},headers:r}:{body:{kind:`text`,text:e,fields:[]},headers:t}}function lt(e){try{return dt(e)===JSON.stringify(JSON.parse(e))&&JSON.parse(e)!==null}catch{return!1}}function ut(e){return JSON.stringify(JSON.parse(e)).length<=60?e.trim():JSON.stringify(JSON.parse(e),null,2)}function dt(e){return e.replace(/"(?:[^"\\]|\\.)*"|\s+/g,e=>e.startsWith(`"`)?e:``)}function ft(e){let t=e.split(`&`),n=t.map(e=>[...new URLSearchParams(e.replace(/\r|\n/g,`%0A`))][0]);if(t.some(e=>!/^[^=]+=/.test(e))||n.some(e=>e===void 0))return null;let r=n.map(e=>({name:e?.[0]??``,value:e?.[1]??``}));return r.every(({name:e,value:n},r)=>H(t[r]??``)===H(`${V(e)}=${V(n)}`))&&pt(r)?r:null}function pt(e){let t=e.map(({name:e})=>e).filter((e,t,n)=>e!==n[t-1]);return new Set(t).size===t.length&&t.every(e=>!/^\d+$/.test(e))}function V(e){return new URLSearchParams([[``,e]]).toString().slice(1)}function H(e){try{return e.split(`=`).map(e=>decodeURIComponent(e.replaceAll(`+`,`%20`))).join(`=`)}catch{return`\0${e}`}}var U=[`GET`,`HEAD`,`POST`,`PUT`,`PATCH`,`DELETE`,`OPTIONS`],mt=new Set([`data`,`data-ascii`,`data-raw`,`data-binary`,`data-urlencode`,`json`]),ht=/^(?:content-length|transfer-encoding|connection|keep-alive|proxy-connection|te|trailer|upgrade|expect|host|accept-encoding|idempotency-key|tocsin-callback-url|x-tocsin-.*)$/i;function gt(e,t={}){try{_t(e);let{words:n,rest:r}=L(e.replace(/^\s*\$\s+/,``),t),i=W(n);return{request:{...i,notes:[...i.notes,...G(r)]}}}catch(e){if(e instanceof F)return{fault:e.message};throw e}}function W(e){let[t,...n]=e;if(!/(?:^|\/)curl(?:\.exe)?$/.test(t??``))throw new F(t?`The command is ${t}, not curl.`:`Paste a command that begins with curl.`);return vt(nt(n))}function _t(e){if(/\^\s*\n|\^"/.test(e))throw new F(`This command is for Windows (cmd). In the browser, choose “Copy as cURL (bash)”.`)}function G(e){if(e===``)return[];if(e.startsWith(`|`)&&!e.startsWith(`||`))return[`What follows the pipe is left out: ${e.slice(0,60)}`];if(/^(?:\|\||&&|;|\n|&)\s*(?:true|:|exit 0)?\s*$/.test(e))return[];throw/^&[^&\s]/.test(e)?new F(`An & outside of quotation marks ends the command, before ${e.slice(0,30)}. Put the URL in quotation marks.`):new F(`Only one command can be imported. Another one follows: ${e.slice(0,60)}`)}function vt(e){let t=new Set,n=t=>e.filter(e=>e.name===t).map(({value:e})=>e),r=e=>n(e).at(-1),i=t=>e.some(e=>e.name===t);for(let{name:n}of e){let e=rt(n);e&&t.add(`--${n} is left out: ${e}.`)}let a=Ct(e),o=i(`get`)||i(`head`),s=Et(e,a!==null&&!o,t),c=At(r(`user`),r(`oauth2-bearer`),s),l=a===null||o?{body:{kind:`none`,text:``,fields:[]},headers:s}:B(a,s);return l.body.kind===`text`&&/^\s*[{[]/.test(l.body.text)&&yt(s)&&t.add(`The body looks like JSON, but curl sends it as a form. Choose JSON as its kind if that is meant.`),{method:bt(r(`request`),i(`head`),a!==null&&!o),url:xt(n(`url`),[...o&&a!==null?[a]:[],...n(`url-query`).map(Tt)],i(`globoff`)),authorization:c,body:{...l.body,fields:[...l.body.fields]},headers:l.headers.filter(({name:e})=>c.kind===`none`||e.toLowerCase()!==`authorization`),...J(`timeout`,r(`max-time`)),...J(`connectTimeout`,r(`connect-timeout`)),notes:[...t]}}function yt(e){return e.some(({name:e,value:t})=>e.toLowerCase()===`content-type`&&t.includes(`form-urlencoded`))}function bt(e,t,n){let r=(e??(t?`HEAD`:n?`POST`:`GET`)).toUpperCase();if(!U.includes(r))throw new F(`The method ${r} is not supported; use one of ${U.join(`, `)}.`);return r}function xt(e,t,n){let[r]=e;if(r===void 0||r===``)throw new F(`The command has no URL.`);if(e.length>1)throw new F(`The command has ${e.length} URLs. Import one at a time.`);if(!n&&St(r))throw new F(`The URL has a pattern ({…} or [1-9]), for which curl makes several requests. Import one at a time.`);let i=/^[a-z][a-z0-9+.-]*:\/\//i.test(r)||u(r)!==null?r:`http://${r}`,[,a=``,o=``]=/^([^#]*)(#.*)?$/s.exec(i)??[],s=/^[^:]+:\/\/[^/?]*$/.test(a)?`${a}/`:a.replace(/^([^:]+:\/\/[^/?]*)\?/,`$1/?`);return t.reduce((e,t)=>`${e}${e.includes(`?`)?`&`:`?`}${t}`,s)+o}function St(e){return/\{[^{}]*\}|\[[^\]/]+-[^\]/]+\]/.test(d(e).replace(/^[^/]*\/\/\[[^\]]*\]/,``))}function Ct(e){let t=null;for(let{name:n,value:r}of e.filter(e=>mt.has(e.name))){let e=n===`data-urlencode`?K(r):wt(n,r);t=t===null?e:`${t}${n===`json`?``:`&`}${e}`}return t}function wt(e,t){if(t.startsWith(`@`)&&e!==`data-raw`)throw new F(`--${e} ${t} reads a file, which the server does not have. Put its content into the command.`);return t}function K(e){if(/^[^=]*@/.test(e))throw new F(`${e} reads a file, which the server does not have. Put its content into the command.`);let t=e.indexOf(`=`);return t<0?q(e):`${e.slice(0,t)}${t>0?`=`:``}${q(e.slice(t+1))}`}function Tt(e){return e.startsWith(`+`)?e.slice(1):K(e)}function q(e){return ee(e,e=>encodeURIComponent(e).replace(/[!'()*]/g,e=>`%${e.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll(`%20`,`+`))}function Et(e,t,n){let r=new Map,i=new Set;for(let{name:t,value:a}of e){let e=Dt(t,a);if(e===null)continue;let o=e.name.toLowerCase();e.value===null?i.add(o):ht.test(e.name)?n.add(`The header ${e.name} is left out: the server sets it itself.`):r.set(o,{name:e.name,value:kt(o,r.get(o)?.value,e.value)})}let a=(e,t)=>{let n=e.toLowerCase();!r.has(n)&&!i.has(n)&&r.set(n,{name:e,value:t})};return e.some(({name:e})=>e===`json`)&&(a(`Content-Type`,`application/json`),a(`Accept`,`application/json`)),t&&a(`Content-Type`,`application/x-www-form-urlencoded`),[...r.values()]}function Dt(e,t){if(e===`user-agent`)return{name:`User-Agent`,value:t};if(e===`referer`)return{name:`Referer`,value:t.replace(/;auto$/,``)};if(e===`range`)return{name:`Range`,value:`bytes=${t}`};if(e===`cookie`){if(!t.includes(`=`))throw new F(`--cookie ${t} reads a file, which the server does not have.`);return{name:`Cookie`,value:t}}return e===`header`?Ot(t):null}function Ot(e){if(e.startsWith(`@`))throw new F(`--header ${e} reads a file, which the server does not have.`);let t=e.indexOf(`:`);if(t<0&&e.endsWith(`;`))return{name:e.slice(0,-1),value:``};if(t<1)throw new F(`The header “${e}” has no name and value: write Name: value.`);let n=e.slice(t+1).trim();return{name:e.slice(0,t).trim(),value:n===``?null:n}}function kt(e,t,n){return t===void 0?n:`${t}${e===`cookie`?`; `:`, `}${n}`}function At(e,t,n){let r=n.find(({name:e})=>e.toLowerCase()===`authorization`)?.value,i=t??(/^Bearer (.+)$/i.exec(r??``)??[])[1];if(i!==void 0&&!/\s/.test(d(i)))return{kind:`bearer`,token:i};if(r!==void 0)return jt(r);if(e===void 0)return{kind:`none`};if(f(e))throw new F(te);let a=e.indexOf(`:`);return{kind:`basic`,user:a<0?e:e.slice(0,a),password:a<0?``:e.slice(a+1)}}function jt(e){let t=(/^Basic ([A-Za-z0-9+/]+=*)$/i.exec(e)??[])[1];if(t===void 0)return{kind:`none`};try{let e=Uint8Array.from(atob(t),e=>e.charCodeAt(0)),[n=``,...r]=new TextDecoder(`utf-8`,{fatal:!0}).decode(e).split(`:`);return{kind:`basic`,user:n,password:r.join(`:`)}}catch{return{kind:`none`}}}function J(e,t){let n=Number(t);return t===void 0||!(n>0)?{}:{[e]:n}}var Mt={O:`output-document`,o:`output-file`,t:`tries`,T:`timeout`,U:`user-agent`,q:`quiet`,v:`verbose`,S:`server-response`,P:`directory-prefix`,c:`continue`,N:`timestamping`,b:`background`,d:`debug`,4:`inet4-only`,6:`inet6-only`,e:`execute`,i:`input-file`,a:`append-output`},Y=new Set(`output-document.output-file.append-output.tries.timeout.connect-timeout.read-timeout.dns-timeout.user-agent.directory-prefix.header.post-data.post-file.body-data.body-file.method.user.password.http-user.http-password.referer.execute.input-file.waitretry.wait.retry-on-http-error.max-redirect.ca-certificate.certificate.private-key.load-cookies.save-cookies.secure-protocol.bind-address.limit-rate.proxy-user.proxy-password.report-speed.progress`.split(`.`)),Nt={"post-file":`sends a file, which the server does not have`,"body-file":`sends a file, which the server does not have`,"input-file":`reads URLs from a file`,"load-cookies":`reads cookies from a file`,certificate:`needs a client certificate`,"private-key":`needs a client certificate`,recursive:`downloads several pages`,mirror:`downloads several pages`};function Pt(e){let{urls:t,values:n}=Ft(e.slice(1)),[r]=t;if(r===void 0)throw new F(`The command has no URL.`);if(t.length>1)throw new F(`The command has ${t.length} URLs. Import one at a time.`);let i=(...e)=>e.flatMap(e=>n.get(e)??[]).at(-1),a=i(`post-data`,`body-data`),o=Rt(n,a!==void 0),s=a===void 0?{body:{kind:`none`,text:``,fields:[]},headers:o}:B(a,o),c=Number(i(`timeout`,`read-timeout`));return{method:(i(`method`)??(n.has(`post-data`)?`POST`:n.has(`spider`)?`HEAD`:`GET`)).toUpperCase(),url:/^[a-z][a-z0-9+.-]*:\/\//i.test(r)?r:`http://${r}`,headers:s.headers,authorization:zt(i(`user`,`http-user`),i(`password`,`http-password`)),body:{...s.body,fields:[...s.body.fields]},...c>0&&{timeout:c},notes:n.has(`no-check-certificate`)?[`--no-check-certificate is left out: certificates are always checked.`]:[]}}function Ft(e){let t=[...e],n=[],r=new Map;for(let e=t.shift();e!==void 0;e=t.shift())if(!e.startsWith(`-`)||e===`-`)n.push(e);else for(let[n,i]of e.startsWith(`--`)?[It(e.slice(2),t)]:Lt(e.slice(1),t)){let e=Nt[n];if(e)throw new F(`The option --${n} ${e}. It cannot be imported.`);r.set(n,[...r.get(n)??[],i])}return{urls:n,values:r}}function It(e,t){let n=e.indexOf(`=`);return n>0?[e.slice(0,n),e.slice(n+1)]:[e,Y.has(e)?t.shift()??``:``]}function Lt(e,t){if(e===`nv`||e===`nc`||e===`nd`)return[[e,``]];let n=[];for(let r=0;r<e.length;r++){let i=Mt[e[r]??``]??`-${e[r]}`;if(i===`-r`||i===`-m`)throw new F(`wget downloads several pages here, which cannot be imported.`);if(Y.has(i))return[...n,[i,e.slice(r+1)||(t.shift()??``)]];n.push([i,``])}return n}function Rt(e,t){let n=(e.get(`header`)??[]).map(e=>{let t=e.indexOf(`:`);return{name:e.slice(0,t).trim(),value:e.slice(t+1).trim()}}),r=e=>n.some(t=>t.name.toLowerCase()===e);for(let[t,r]of[[`user-agent`,`User-Agent`],[`referer`,`Referer`]]){let i=e.get(t)?.at(-1);i&&n.push({name:r,value:i})}return t&&!r(`content-type`)&&n.push({name:`Content-Type`,value:`application/x-www-form-urlencoded`}),n.filter(({name:e})=>e!==``)}function zt(e,t){return e===void 0?{kind:`none`}:{kind:`basic`,user:e,password:t??``}}var X=/^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/,Bt=/^\s*(@[A-Za-z]+|(?:\S+\s+){4}\S+)\s+(\S.*?)\s*$/,Vt=/^(?:@[a-z]+\s|[\d*/,-]+\s+[\d*/,-]+\s+\S+\s+\S+\s+\S+\s)/i,Ht=/^m\s+h\s+|^\*|^-{3}|^min(?:ute)?\b/i,Z=/(?:^|\/)(?:curl|wget|env|chronic|nice|ionice|flock|timeout)$/,Ut=200;function Wt(e,t){let n={variables:{},timeZone:t,comment:``};return e.split(/\r?\n/).flatMap((e,t)=>Gt(e,t+1,n))}function Gt(e,t,n){let r=e.trim();if(r===``)n.comment=``;else if(r.startsWith(`#`))n.comment=Kt(r)||n.comment;else if(X.test(r))qt(r,n);else{let e=Jt(r,t,n);return n.comment=``,[e]}return[]}function Kt(e){let t=e.replace(/^[#\s]+/,``).trim();return Vt.test(t)||Ht.test(t)?``:t}function qt(e,t){let[,n=``,r=``]=X.exec(e)??[],i=r.replace(/^(["'])(.*)\1$/,`$2`);n===`CRON_TZ`||n===`TZ`?t.timeZone=i:t.variables[n]=i}function Jt(e,t,{variables:n,timeZone:r,comment:i}){let[,a=``,o=``]=Bt.exec(e)??[],s={line:t,timeZone:r,expression:a.replace(/\s+/g,` `),command:o||e,request:null},c=e=>({...s,name:$t(i||s.command),reason:e});if(a===``)return c(`This is no line of a crontab: five fields or @daily, then a command.`);if(a.toLowerCase()===`@reboot`)return c(`@reboot is not a time: tasks cannot run when a machine starts.`);try{let e=Xt(Yt(o),n);return{...s,name:$t(i||Qt(e)),request:e,reason:``}}catch(e){if(e instanceof F)return c(e.message);throw e}}function Yt(e){if(/(^|[^\\])%/.test(e))throw new F(`In a crontab, % ends the command. Write \\% where it is meant.`);return e.replaceAll(`\\%`,`%`)}function Xt(e,t){let{words:n,rest:r}=L(e,t),{words:i,seconds:a}=Q(n),o=(i[0]??``).split(`/`).at(-1);if(o!==`curl`&&o!==`wget`)throw new F(`It runs ${o||`a command`} on your machine. Only calls by curl and wget can be imported.`);let s=o===`curl`?W(i):Pt(i);return{...s,...a&&{timeout:a},notes:[...s.notes,...G(r)]}}function Q(e){let[t=``,n=``,...r]=e,i=t.split(`/`).at(-1);if(/^[A-Za-z_][A-Za-z0-9_]*=/.test(t)||i===`env`||i===`chronic`)return Q(e.slice(1));if(i===`nice`||i===`ionice`)return Q(e.slice(n.startsWith(`-`)?/^-[nc]$/.test(n)?3:2:1));if(i===`flock`)return Q(e.slice(e.findIndex((e,t)=>t>0&&!e.startsWith(`-`))+1));if(i===`timeout`){let t=e.findIndex((t,n)=>n>0&&/^\d/.test(t)&&e[n-1]!==`-k`);return{words:Q(e.slice(t+1)).words,seconds:t<0?null:Zt(e[t]??``)}}return/^[a-z_][a-z0-9_-]*$/.test(t)&&!Z.test(t)&&Z.test(n)?Q([n,...r]):{words:e,seconds:null}}function Zt(e){let[,t=``,n=``]=/^(\d+(?:\.\d+)?)([smhd]?)$/.exec(e)??[];return Number(t)*({"":1,s:1,m:60,h:3600,d:86400}[n]??1)||null}function Qt({url:e}){return e.replace(/^[a-z]+:\/\//i,``).replace(/[?#].*$/s,``).replace(/\/$/,``)}function $t(e){let t=e.replace(/[\u0000-\u001f\u007f]+/g,` `).trim();return t.length<=Ut?t:`${t.slice(0,199)}…`}var $=null;function en(e){$=e}function tn(){let e=$;return $=null,e}function nn(e,t={}){let{authorization:n,body:r,timeout:i,connectTimeout:a}=e;return{...E(),name:Qt(e).slice(0,200),timeout:i===void 0?``:y(i),http:{...T,method:e.method,url:e.url,headers:e.headers.map(({name:e,value:t})=>({name:e,value:t,isSecret:/^(?:authorization|cookie|.*(?:token|key|secret).*)$/i.test(e),isKept:!1})),auth:n.kind,token:n.kind===`bearer`?n.token:``,user:n.kind===`basic`?n.user:``,password:n.kind===`basic`?n.password:``,bodyKind:r.kind,json:r.kind===`json`?r.text:``,text:r.kind===`text`?r.text:``,fields:r.fields,connectTimeout:a===void 0?``:y(a)},...t}}export{x as A,ie as B,je as C,Se as D,ye as E,y as F,se as H,oe as I,ae as L,he as M,_ as N,Ce as O,v as P,ce as R,Ee as S,E as T,m as U,le as V,h as W,Oe as _,gt as a,Te as b,Re as c,Ue as d,Fe as f,ke as g,Ne as h,Wt as i,C as j,xe as k,Be as l,Pe as m,en as n,qe as o,Me as p,tn as r,P as s,nn as t,Ve as u,we as v,T as w,Ae as x,De as y,ue as z};