const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["./chart-drawing-IqziHX1a.js","./chart-drawing-CnsZ1jie.css","./account-tscFqkqL.js","./account-profile-CJoWvMrh.js","./jsxRuntime.module-CnYUX-XB.js","./time-CLl4T1nq.js","./form-Cz-rZUfQ.js","./actions-sPt1L9Cl.js","./account-profile-BV0BikZp.css","./client-CODAN19X.js","./session-nnEDqHsJ.js","./session-LQEzxrqv.css","./icon-C2q1UHM1.js","./browsers-DOjV3yb6.js","./secret-onqZCHaQ.js","./account-BqqPzCpw.css","./admin-CkJolrg2.js","./pager-C-jgpCAO.js","./search-field-1miFSrDU.js","./admin-PlGr0cg0.css","./admin-user-D7u49g-Z.js","./dead-letters-CLKVibJ6.js","./status-BVNKpSH8.js","./dead-letters-D4Rs9ErM.css","./task-form-T30lycid.js","./imported-CMHsv4EO.js","./json-field-DPeAn-1g.js","./json-field-BqUPxJ1i.css","./imported-CKKt9cQh.css","./unsaved-D-_WTITK.js","./history-CenfL4B-.js","./status-chips-C9EUTonc.js","./run-words-CBg0-OQI.js","./history-BmDOCE8h.css","./task-import-BpeGr-u1.js","./incident-BoRJVvlI.js","./incidents-B6Adbsn5.js","./incidents-Cvhcyzio.css","./notifications-ByaRn1Tl.js","./notifications-BHwAUEZC.css","./queues-D82HbNtC.js","./run-Dq4NPsh3.js","./run-Dznv61Y-.css","./task-CglbboXM.js","./public-links-BDRUa3T6.js","./definition-BRHBhdLB.js","./public-links-qFWfAL80.css","./bulk-xBJMkg-U.js","./task-BaQwJQI0.css","./tasks-CkLwULGF.js","./edit-workflow-CV-Fb5Dg.js","./code-editor-Dvf21D94.js","./code-editor-CGxeMVAw.css","./browser-C-BMMlsY.js","./graph-BpLxiVoT.js","./graph-BrhHMOWU.css","./workflow-B6cS4OW5.js","./runs-DoMANW5j.js","./runs-B5DkI4Gw.css","./delete-workflow-CbTVzwP7.js","./run-form-Bay6evwI.js","./workflow-run-Dk1AeyZX.js","./workflows-B5IvUUhs.js"])))=>i.map(i=>d[i]);
/*! Licenses of the bundled packages: /assets/licences.md */
import{i as e,r as t}from"./session-nnEDqHsJ.js";import{_ as n,a as r,c as i,d as a,f as o,g as s,i as c,n as l,o as u,p as d,s as f,t as p,u as m}from"./jsxRuntime.module-CnYUX-XB.js";import{$ as h,Q as g,X as ee,Z as _,_ as v,a as y,c as te,d as ne,et as re,f as ie,g as ae,h as oe,i as b,l as se,m as ce,n as x,nt as le,o as S,r as ue,t as C,tt as w,u as de,v as T}from"./time-CLl4T1nq.js";import{a as E,c as fe,i as pe,n as me,o as he,r as ge,s as _e,t as ve}from"./client-CODAN19X.js";import{t as ye}from"./icon-C2q1UHM1.js";import{n as be,r as xe,t as D}from"./status-BVNKpSH8.js";import{n as Se,r as Ce,t as we}from"./run-words-CBg0-OQI.js";function Te(e,t){for(var n in t)e[n]=t[n];return e}function Ee(e,t){for(var n in e)if(n!==`__source`&&!(n in t))return!0;for(var r in t)if(r!==`__source`&&e[r]!==t[r])return!0;return!1}function De(e,t){var n=t(),r=u({t:{__:n,u:t}}),i=r[0].t,a=r[1];return c(function(){i.__=n,i.u=t,Oe(i)&&a({t:i})},[e,n,t]),f(function(){return Oe(i)&&a({t:i}),e(function(){Oe(i)&&a({t:i})})},[e]),n}function Oe(e){try{return!((t=e.__)===(n=e.u())&&(t!==0||1/t==1/n)||t!=t&&n!=n)}catch{return!0}var t,n}function ke(e,t){this.props=e,this.context=t}(ke.prototype=new m).isPureReactComponent=!0,ke.prototype.shouldComponentUpdate=function(e,t){return Ee(this.props,e)||Ee(this.state,t)};var Ae=n.__b;n.__b=function(e){e.type&&e.type.__f&&e.ref&&(e.props.ref=e.ref,e.ref=null),Ae&&Ae(e)},typeof Symbol<`u`&&Symbol.for;var je=n.__e;n.__e=function(e,t,n,r){if(e.then){for(var i,a=t;a=a.__;)if((i=a.__c)&&i.__c)return t.__e??(t.__e=n.__e,t.__k=n.__k||[]),i.__c(e,t)}je(e,t,n,r)};var Me=n.unmount;function Ne(e,t,n){return e&&(e.__c&&e.__c.__H&&(e.__c.__H.__.forEach(function(e){typeof e.__c==`function`&&e.__c()}),e.__c.__H=null),(e=Te({},e)).__c!=null&&(e.__c.__P===n&&(e.__c.__P=t),e.__c.__e=!0,e.__c=null),e.__k=e.__k&&e.__k.map(function(e){return Ne(e,t,n)})),e}function Pe(e,t,n){return e&&n&&(e.__v=null,e.__k=e.__k&&e.__k.map(function(e){return Pe(e,t,n)}),e.__c&&e.__c.__P===t&&(e.__e&&n.appendChild(e.__e),e.__c.__e=!0,e.__c.__P=n)),e}function O(){this.__u=0,this.o=null,this.__b=null}function Fe(e){var t=e.__&&e.__.__c;return t&&t.__a&&t.__a(e)}function Ie(e){var t,n,r,i=null;function a(a){if(t||(t=e()).then(function(e){e&&(i=e.default||e),r=!0},function(e){n=e,r=!0}),n)throw n;if(!r)throw t;return i?s(i,a):null}return a.displayName=`Lazy`,a.__f=!0,a}function k(){this.i=null,this.l=null}n.unmount=function(e){var t=e.__c;t&&(t.__z=!0),t&&t.__R&&t.__R(),t&&32&e.__u&&(e.type=null),Me&&Me(e)},(O.prototype=new m).__c=function(e,t){var n=t.__c,r=this;r.o??=[],r.o.push(n);var i=Fe(r.__v),a=!1,o=function(){a||r.__z||(a=!0,n.__R=null,i?i(c):c())};n.__R=o;var s=n.__P;n.__P=null;var c=function(){if(!--r.__u){if(r.state.__a){var e=r.state.__a;r.__v.__k[0]=Pe(e,e.__c.__P,e.__c.__O)}var t;for(r.setState({__a:r.__b=null});t=r.o.pop();)t.__P=s,t.forceUpdate()}};r.__u++||32&t.__u||r.setState({__a:r.__b=r.__v.__k[0]}),e.then(o,o)},O.prototype.componentWillUnmount=function(){this.o=[]},O.prototype.render=function(e,t){if(this.__b){if(this.__v.__k){var n=document.createElement(`div`),r=this.__v.__k[0].__c;this.__v.__k[0]=Ne(this.__b,n,r.__O=r.__P)}this.__b=null}var i=t.__a&&s(d,null,e.fallback);return i&&(i.__u&=-33),[s(d,null,t.__a?null:e.children),i]};var Le=function(e,t,n){if(++n[1]===n[0]&&e.l.delete(t),e.props.revealOrder&&(e.props.revealOrder[0]!==`t`||!e.l.size))for(n=e.i;n;){for(;n.length>3;)n.pop()();if(n[1]<n[0])break;e.i=n=n[2]}};(k.prototype=new m).__a=function(e){var t=this,n=Fe(t.__v),r=t.l.get(e);return r[0]++,function(i){var a=function(){t.props.revealOrder?(r.push(i),Le(t,e,r)):i()};n?n(a):a()}},k.prototype.render=function(e){this.i=null,this.l=new Map;var t=a(e.children);e.revealOrder&&e.revealOrder[0]===`b`&&t.reverse();for(var n=t.length;n--;)this.l.set(t[n],this.i=[1,0,this.i]);return e.children},k.prototype.componentDidUpdate=k.prototype.componentDidMount=function(){var e=this;this.l.forEach(function(t,n){Le(e,n,t)})};var Re=typeof Symbol<`u`&&Symbol.for&&Symbol.for(`react.element`)||60103,ze=/^(?:accent|alignment|arabic|baseline|cap|clip(?!PathU)|color|dominant|fill|flood|font|glyph(?!R)|horiz|image(!S)|letter|lighting|marker(?!H|W|U)|overline|paint|pointer|shape|stop|strikethrough|stroke|text(?!L)|transform|underline|unicode|units|v|vector|vert|word|writing|x(?!C))[A-Z]/,Be=/^on(Ani|Tra|Tou|BeforeInp|Compo)/,Ve=/[A-Z0-9]/g,He=typeof document<`u`,Ue=function(e){return(typeof Symbol<`u`&&typeof Symbol()==`symbol`?/fil|che|rad/:/fil|che|ra/).test(e)};m.prototype.isReactComponent=!0,[`componentWillMount`,`componentWillReceiveProps`,`componentWillUpdate`].forEach(function(e){Object.defineProperty(m.prototype,e,{configurable:!0,get:function(){return this[`UNSAFE_`+e]},set:function(t){Object.defineProperty(this,e,{configurable:!0,writable:!0,value:t})}})});var We=n.event;n.event=function(e){return We&&(e=We(e)),e.persist=function(){},e.isPropagationStopped=function(){return this.cancelBubble},e.isDefaultPrevented=function(){return this.defaultPrevented},e.nativeEvent=e};var Ge={configurable:!0,get:function(){return this.class}},Ke=n.vnode;n.vnode=function(e){typeof e.type==`string`&&function(e){var t=e.props,n=e.type,r={},i=n.indexOf(`-`)==-1;for(var o in t){var s=t[o];if(!(o===`value`&&`defaultValue`in t&&s==null||He&&o===`children`&&n===`noscript`||o===`class`||o===`className`)){var c=o.toLowerCase();o===`defaultValue`&&`value`in t&&t.value==null?o=`value`:o===`download`&&!0===s?s=``:c===`translate`&&s===`no`?s=!1:c[0]===`o`&&c[1]===`n`?c===`ondoubleclick`?o=`ondblclick`:c!==`onchange`||n!==`input`&&n!==`textarea`||Ue(t.type)?c===`onfocus`?o=`onfocusin`:c===`onblur`?o=`onfocusout`:Be.test(o)&&(o=c):c=o=`oninput`:i&&ze.test(o)?o=o.replace(Ve,`-$&`).toLowerCase():s===null&&(s=void 0),c===`oninput`&&r[o=c]&&(o=`oninputCapture`),r[o]=s}}n==`select`&&(r.multiple&&Array.isArray(r.value)&&(r.value=a(t.children).forEach(function(e){e.props.selected=r.value.indexOf(e.props.value)!=-1})),r.defaultValue!=null&&(r.value=a(t.children).forEach(function(e){e.props.selected=r.multiple?r.defaultValue.indexOf(e.props.value)!=-1:r.defaultValue==e.props.value}))),t.class&&!t.className?(r.class=t.class,Object.defineProperty(r,"className",Ge)):t.className&&(r.class=r.className=t.className),e.props=r}(e),e.$$typeof=Re,Ke&&Ke(e)};var qe=n.__r;n.__r=function(e){qe&&qe(e),e.__c};var Je=n.diffed;n.diffed=function(e){Je&&Je(e);var t=e.props,n=e.__e;n!=null&&e.type===`textarea`&&`value`in t&&t.value!==n.value&&(n.value=t.value==null?``:t.value)};function Ye(e){return addEventListener(`hashchange`,e),()=>removeEventListener(`hashchange`,e)}function Xe(){let[e=``,t=``]=location.hash.replace(/^#?\/?/,``).split(`?`,2);return[`/${e}`,t]}function Ze(e,t={}){let n=new URL(`#${e}`,location.href).href;if(!nt(n))return Qe(n,t);rt().then(e=>e&&Qe(n,t))}function Qe(e,{replace:t=!1}){let n=location.href;history[t?`replaceState`:`pushState`](null,``,e),j=e,dispatchEvent(new HashChangeEvent(`hashchange`,{oldURL:n,newURL:e}))}var A=null,j=location.href;function $e(e){return A=e,()=>{A===e&&(A=null)}}function et(){A=null}function tt(){return A!==null}function nt(e){return A!==null&&e.split(`?`,1)[0]!==j.split(`?`,1)[0]}async function rt(){let e=await A?.()??!0;return e&&(A=null),e}addEventListener(`hashchange`,e=>{e.isTrusted&&(nt(location.href)?(e.stopImmediatePropagation(),history.pushState(null,``,j),rt().then(e=>e&&history.back())):j=location.href)});function it(){return[De(Ye,()=>Xe()[0]),Ze]}it.hrefs=e=>`#${e}`;function at(){return De(Ye,()=>Xe()[1])}function ot(){let[e,t]=w(),n=le(),r=i(r=>{let i=new URLSearchParams(n);for(let[e,t]of Object.entries(r))t?i.set(e,t):i.delete(e);let a=i.toString();t(a?`${e}?${a}`:e,{replace:!0})},[e,t,n]);return[new URLSearchParams(n),r]}var st=1e4,M=ee([]),ct=0;function N(e,{undo:t,ended:n,isProblem:r=!1}={}){ct+=1,M.value=[...M.value,{id:ct,text:e,undo:t,ended:n,isProblem:r}];for(let{id:e}of M.value.slice(0,-3))P(e)}function lt(e){M.value=M.value.filter(t=>t.id!==e)}function P(e){let t=M.value.find(t=>t.id===e);lt(e),t?.ended?.()}function ut(){for(let{id:e,ended:t}of M.value)t&&P(e)}function dt(){M.value=[]}function ft(){return p(`div`,{class:`toasts`,role:`status`,"aria-live":`polite`,children:M.value.map(e=>p(pt,{...e},e.id))})}function pt({id:e,text:t,undo:n,isProblem:r}){let[i,a]=u(!1);return f(()=>{if(i)return;let t=setTimeout(()=>P(e),st);return()=>clearTimeout(t)},[e,i]),p(`div`,{class:r?`toast bad`:`toast`,onMouseEnter:()=>a(!0),onMouseLeave:()=>a(!1),onFocusCapture:()=>a(!0),onBlurCapture:()=>a(!1),children:[p(`span`,{children:t}),n&&p(`button`,{type:`button`,class:`link`,onClick:()=>(lt(e),void n()),children:`Undo`}),p(`button`,{type:`button`,class:`quiet`,"aria-label":`Dismiss`,onClick:()=>P(e),children:`✕`})]})}var mt=2e3,F=ee(new Set),I=new Set;function ht(e){return F.value.has(e)}function gt(e){return e.filter(({id:e})=>!F.value.has(e))}function _t(e,t,{ids:n,text:r,calls:i}){E.token().catch(()=>null),F.value=new Set([...F.value,...n]);let a=async()=>{let r=(await Promise.all(i.map(n=>yt(e,t,n)))).find(Boolean);r!==void 0&&(vt(n),N(`It could not be deleted. ${r}`,{isProblem:!0}))};N(r,{undo:()=>vt(n),ended:()=>{let e=a().finally(()=>I.delete(e));I.add(e)}})}function vt(e){let t=new Set(e);F.value=new Set([...F.value].filter(e=>!t.has(e)))}async function yt(e,t,n){let{data:r,error:i}=await e.mutation(t,n,{fetchOptions:{keepalive:!0}}).toPromise();return i?i.graphQLErrors[0]?.message??`The server cannot be reached.`:Object.values(r??{}).flatMap(({userErrors:e,results:t=[]})=>[...e,...t.flatMap(e=>e.userErrors)])[0]?.message??``}async function L(){ut(),await Promise.race([Promise.all(I),new Promise(e=>setTimeout(e,mt))])}function bt(){dt(),F.value=new Set}addEventListener(`pagehide`,ut);var xt=400;function St(){let[e,t]=u(!1);return f(()=>{let e=setTimeout(()=>t(!0),xt);return()=>clearTimeout(e)},[]),p(`main`,{class:`sign-in`,"aria-busy":`true`,children:e&&p(`p`,{class:`restoring`,role:`status`,children:[p(`img`,{src:ye,alt:``,width:`26`,height:`26`}),` Connecting to the server…`]})})}function Ct(e){let[n,r]=u(``),[i,a]=u(!1),o=async n=>{n.preventDefault();let i=new FormData(n.currentTarget);a(!0),r(``);try{await e(i)}catch(e){r(e instanceof t?e.message:String(e))}a(!1)};return{submit:e=>void o(e),isBusy:i,problem:n}}function wt({submission:e,children:t}){return p(`form`,{onSubmit:e.submit,children:t})}function Tt({submission:e,label:t}){return p(d,{children:[p(`p`,{class:`problem`,role:`alert`,children:e.problem}),p(`button`,{class:`main`,disabled:e.isBusy,children:t})]})}var Et=`mutation ($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) { userErrors { message } }
}`;function Dt({email:n}){let[r,i]=u(null),a=Ct(async n=>{let r=String(n.get(`email`)),{requestPasswordReset:a}=await e(Et,{input:{email:r}}),o=a.userErrors.map(({message:e})=>e).join(` `);if(o)throw new t(o);i(r)});return r===null?p(wt,{submission:a,children:[p(`p`,{class:`hint`,children:`You get a mail with a link to choose a new password.`}),p(`label`,{children:[`Email address`,p(`input`,{name:`email`,type:`email`,required:!0,autocomplete:`username`,autofocus:!0,defaultValue:n})]}),p(Tt,{submission:a,label:`Send reset link`})]}):p(`p`,{class:`notice`,role:`status`,children:[`If `,r,` has an account, a mail is on its way to it. The link in it works for an hour. Nothing there? Look into the spam folder.`]})}var Ot={logIn:`Sign in`,signUp:`Create an account`,forgot:`Reset your password`},kt=`{ installation { isSignUpOpen } }`;function At(){return f(()=>{document.title=`Sign in · Tocsin`},[]),p(`main`,{class:`sign-in`,children:p(Mt,{})})}function jt({email:e}){let t=l(null);return f(()=>t.current?.showModal(),[]),p(`dialog`,{ref:t,class:`sign-in`,"aria-label":`Sign in`,onCancel:e=>e.preventDefault(),children:p(Mt,{email:e,children:p(`p`,{class:`notice warn`,role:`status`,children:`Your session has ended. Sign in again to go on where you were.`})})})}function Mt({email:e=``,children:t}){let[n,r]=u(`logIn`),[i,a]=u(e),o=Pt();return p(`section`,{class:`card`,"aria-label":Ot[n],children:[p(`h1`,{children:[p(`img`,{src:ye,alt:``,width:`26`,height:`26`}),` Tocsin`]}),t,p(`h2`,{children:Ot[n]}),n===`forgot`&&p(Dt,{email:i}),n!==`forgot`&&p(Ft,{way:n,email:i,setEmail:a},n),p(`p`,{class:`ways`,children:[n!==`logIn`&&p(Nt,{label:`Sign in`,go:()=>r(`logIn`)}),n===`logIn`&&o&&p(Nt,{label:`Create an account`,go:()=>r(`signUp`)}),n===`logIn`&&o===!1&&p(`span`,{class:`faint`,children:`Accounts are created by invitation.`}),n===`logIn`&&p(Nt,{label:`Forgot your password?`,go:()=>r(`forgot`)})]})]})}function Nt({label:e,go:t}){return p(`button`,{type:`button`,class:`link`,onClick:t,children:e})}function Pt(){let[t,n]=u();return f(()=>{e(kt,{}).then(({installation:e})=>n(e.isSignUpOpen),()=>void 0)},[]),t}function Ft({way:e,email:t,setEmail:n}){let r=Ct(t=>E[e](String(t.get(`email`)),String(t.get(`password`)))),i=e===`signUp`;return p(wt,{submission:r,children:[p(`label`,{children:[`Email address`,p(`input`,{name:`email`,type:`email`,required:!0,autocomplete:`username`,autofocus:!t,value:t,onInput:e=>n(e.currentTarget.value)})]}),p(`label`,{children:[`Password`,p(`input`,{name:`password`,type:`password`,required:!0,autocomplete:i?`new-password`:`current-password`,autofocus:!!t,"aria-describedby":i?`password-hint`:void 0})]}),i&&p(`p`,{class:`hint`,id:`password-hint`,children:`10 to 128 characters. Common passwords are refused.`}),p(Tt,{submission:r,label:Ot[e]})]})}var It=200;function Lt({title:e,children:t}){return p(`div`,{class:`empty`,children:[p(`p`,{class:`title`,children:e}),t]})}function R({message:e,retry:t}){return p(`div`,{class:`empty`,role:`alert`,children:[p(`p`,{class:`title`,children:`This could not be loaded`}),p(`p`,{children:e}),p(`button`,{type:`button`,onClick:t,children:`Try again`})]})}function Rt({count:e=5}){let[t,n]=u(!1);return f(()=>{let e=setTimeout(()=>n(!0),It);return()=>clearTimeout(e)},[]),p(`div`,{class:`loading`,role:`status`,"aria-label":`Loading`,children:t&&Array.from({length:e},(e,t)=>p(`div`,{class:`line`},t))})}function zt(){return p(Lt,{title:`There is no such page`,children:p(_,{href:`/`,children:`Go to the overview`})})}function Bt({status:e}){let t=e===`OPEN`;return p(`span`,{class:t?`status bad`:`status good`,children:[p(`span`,{"aria-hidden":`true`,children:p(be,{status:t?`FAILED`:`COMPLETED`})}),t?`Failing`:`Over`]})}var Vt={DNS:`cannot be found`,CONNECT:`cannot be connected to`,TLS:`has a problem with its certificate or encryption`,TIMEOUT:`does not answer in time`,PROTOCOL:`does not speak HTTP as it should`,HTTP_STATUS:`answers with errors`};function Ht({cause:e,host:t,errorKind:n,subjects:r}){return e===`HOST`&&t?`${t} ${Vt[n??``]??`fails`}`:`${r.nodes[0]?.name??(e===`WORKFLOW`?`A workflow`:`A task`)} fails`}function z({children:e}){return p(`svg`,{class:`icon`,viewBox:`0 0 16 16`,width:`16`,height:`16`,"aria-hidden":`true`,focusable:`false`,children:e})}var B={fill:`none`,stroke:`currentColor`,"stroke-width":1.5,"stroke-linecap":`round`,"stroke-linejoin":`round`},Ut=()=>p(z,{children:p(`path`,{...B,d:`M2.5 7.5 8 2.75l5.5 4.75V13a.5.5 0 0 1-.5.5H3a.5.5 0 0 1-.5-.5z`})}),Wt=()=>p(z,{children:[p(`circle`,{...B,cx:`8`,cy:`8`,r:`5.75`}),p(`path`,{...B,d:`M8 4.75V8l2.25 1.5`})]}),Gt=()=>p(z,{children:p(`path`,{...B,d:`M2.5 4h11M2.5 8h11M2.5 12h7`})}),Kt=()=>p(z,{children:p(`path`,{...B,d:`M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5`})}),qt=()=>p(z,{children:p(`path`,{...B,d:`M5 3.5v9l7-4.5z`})}),Jt=()=>p(z,{children:p(`path`,{...B,d:`M5.5 3.5v9M10.5 3.5v9`})}),Yt=()=>p(z,{children:p(`path`,{...B,d:`M13 8a5 5 0 1 1-1.7-3.75M13 2.5v2.5h-2.5`})}),Xt=()=>p(z,{children:[p(`rect`,{...B,x:`2.5`,y:`3`,width:`11`,height:`4`,rx:`1`}),p(`rect`,{...B,x:`2.5`,y:`9.5`,width:`11`,height:`3.5`,rx:`1`})]}),Zt=()=>p(z,{children:p(`path`,{...B,d:`M3.5 11.5h9L11.25 9.5V7a3.25 3.25 0 0 0-6.5 0v2.5zM6.75 13.5h2.5`})}),Qt=()=>p(z,{children:[p(`circle`,{...B,cx:`3.75`,cy:`8`,r:`1.75`}),p(`circle`,{...B,cx:`12.25`,cy:`4`,r:`1.75`}),p(`circle`,{...B,cx:`12.25`,cy:`12`,r:`1.75`}),p(`path`,{...B,d:`M5.5 7.5 10.5 4.75M5.5 8.5l5 2.75`})]}),$t=()=>p(z,{children:p(`path`,{...B,d:`M8 2.25 13 4v3.75c0 3-2.1 5-5 6-2.9-1-5-3-5-6V4z`})}),en=()=>p(z,{children:[p(`rect`,{...B,x:`5.5`,y:`5.5`,width:`8`,height:`8`,rx:`1.5`}),p(`path`,{...B,d:`M10.5 3.25a1 1 0 0 0-1-.75h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 .75 1`})]}),tn=()=>p(z,{children:p(`path`,{...B,d:`m3 8.5 3.25 3.25L13 5`})}),nn=()=>p(z,{children:p(`path`,{...B,d:`M8 2.75 14 13H2zM8 6.75v3M8 11.25v.01`})}),rn=()=>p(z,{children:p(`path`,{...B,d:`M2.5 4h11v8.5h-11zM2.5 4.25 8 8.75l5.5-4.5`})}),an=()=>p(z,{children:p(`path`,{...B,d:`M2.5 4.5h11M2.5 8h11M2.5 11.5h11`})}),on=()=>p(z,{children:p(`path`,{...B,d:`M8 3v10M3 8h10`})}),sn=()=>p(z,{children:p(`path`,{...B,d:`m9.5 4.25 2.25 2.25M3 13l.75-3L10.5 3.25a1.06 1.06 0 0 1 1.5 0l.75.75a1.06 1.06 0 0 1 0 1.5L6 12.25z`})}),cn=()=>p(z,{children:p(`path`,{...B,d:`M3 4.5h10M6.25 4.5v-1.75h3.5v1.75M4.25 4.5l.5 8.75h6.5l.5-8.75M6.75 7v4M9.25 7v4`})}),ln=()=>p(z,{children:[p(`rect`,{...B,x:`5.75`,y:`5.75`,width:`7.5`,height:`7.5`,rx:`1.25`}),p(`path`,{...B,d:`M3.5 10.25h-.25a.5.5 0 0 1-.5-.5v-6.5a.5.5 0 0 1 .5-.5h6.5a.5.5 0 0 1 .5.5v.25`})]}),un=()=>p(z,{children:p(`path`,{...B,d:`M8 2.75v7M5 7l3 3 3-3M3 13h10`})}),dn=({direction:e})=>p(z,{children:p(`path`,{...B,d:e===`ascending`?`M8 12.5v-9M4.75 6.5 8 3.25l3.25 3.25`:`M8 3.5v9M4.75 9.5 8 12.75l3.25-3.25`})});function fn({outcomes:e}){return e.length===0?null:p(`span`,{class:`small-strip`,role:`img`,"aria-label":pn(e),title:pn(e),children:e.map(({runId:e,status:t})=>p(`i`,{class:xe(t).tone},e))})}function pn(e){let t=new Map;for(let{status:n}of e)t.set(n,(t.get(n)??0)+1);let n=[...t].map(([e,t])=>`${t} ${xe(e).word.toLowerCase()}`);return`Of the latest ${e.length}: ${n.join(`, `)}`}var mn=T(`
  fragment TaskRow on Task {
    id
    name
    description
    tags
    status
    nextRunAt
    consecutiveFailures
    schedule {
      summary
      description
      ... on OnceSchedule {
        at
      }
    }
    lastRun {
      id
      status
      finishedAt
      dueAt
    }
    recentOutcomes {
      runId
      status
      dueAt
      durationMs
    }
  }
`),hn=T(`
    query Tasks($filter: TaskFilter, $orderBy: TaskOrder, $first: Int!, $after: String) {
      tasks(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...TaskRow
        }
      }
    }
  `,[mn]),gn=[`FAILED`,`RETRY`,`RUNNING`,`PENDING`,`COMPLETED`,`PAUSED`,`CANCELLED`],_n=T(`
  query TaskCounts {
    failed: tasks(filter: { status: [FAILED] }) {
      ...Count
    }
    retry: tasks(filter: { status: [RETRY] }) {
      ...Count
    }
    running: tasks(filter: { status: [RUNNING] }) {
      ...Count
    }
    pending: tasks(filter: { status: [PENDING] }) {
      ...Count
    }
    completed: tasks(filter: { status: [COMPLETED] }) {
      ...Count
    }
    paused: tasks(filter: { status: [PAUSED] }) {
      ...Count
    }
    cancelled: tasks(filter: { status: [CANCELLED] }) {
      ...Count
    }
  }
  fragment Count on TaskConnection {
    totalCount
    totalCountIsExact
  }
`),vn=new Map([[`name`,{field:`NAME`,direction:`ASC`}],[`-name`,{field:`NAME`,direction:`DESC`}],[`due`,{field:`NEXT_RUN_AT`,direction:`ASC`}],[`-due`,{field:`NEXT_RUN_AT`,direction:`DESC`}],[`created`,{field:`CREATED_AT`,direction:`ASC`}]]),yn={field:`CREATED_AT`,direction:`DESC`};function bn(e){let t=e.get(`status`)?.split(`,`)??[];return gn.filter(e=>t.includes(e))}function xn(e){let t=bn(e),n=e.get(`text`),r=e.getAll(`tag`);return{...t.length>0&&{status:t},...n&&{text:n},...r.length>0&&{tags:r}}}function Sn(e){return vn.get(e.get(`sort`)??``)??yn}function Cn({tasks:e,selection:t,sort:n,chooseTag:r}){return p(`div`,{class:`table-frame`,children:p(`table`,{class:`tasks`,children:[p(`thead`,{children:p(`tr`,{children:[t&&p(`th`,{class:`select`,children:p(En,{ids:e.map(({id:e})=>e),selection:t})}),p(`th`,{children:`Status`}),p(wn,{name:`Task`,column:`name`,sort:n}),p(`th`,{class:`schedule`,children:`Schedule`}),p(wn,{name:`Next due`,column:`due`,sort:n}),p(`th`,{class:`last`,children:`Last run`}),p(`th`,{class:`outcomes`,children:`Latest outcomes`})]})}),p(`tbody`,{children:e.map(n=>p(`tr`,{class:t?.has(n.id)?`selected`:void 0,children:[t&&p(`td`,{class:`select`,children:p(Tn,{task:n,tasks:e,selection:t})}),p(`td`,{class:`status-cell`,children:p(D,{status:n.status})}),p(`td`,{class:`name`,children:p(Dn,{task:n,chooseTag:r})}),p(`td`,{class:`schedule`,title:n.schedule.summary,children:p(On,{schedule:n.schedule})}),p(`td`,{class:`nowrap`,children:n.nextRunAt?p(C,{at:n.nextRunAt}):p(`span`,{class:`faint`,children:`–`})}),p(`td`,{class:`last nowrap`,children:p(kn,{run:n.lastRun,failures:n.consecutiveFailures})}),p(`td`,{class:`outcomes`,children:p(fn,{outcomes:n.recentOutcomes})})]},n.id))})]})})}function wn({name:e,column:t,sort:n}){if(!n)return p(`th`,{children:e});let r=n.by===t?`ascending`:n.by===`-${t}`?`descending`:void 0,i=r===void 0?t:r===`ascending`?`-${t}`:``;return p(`th`,{"aria-sort":r??`none`,children:p(`button`,{type:`button`,class:`sort`,onClick:()=>n.change(i),children:[e,r&&p(dn,{direction:r})]})})}function Tn({task:e,tasks:t,selection:n}){return p(`label`,{class:`box`,children:p(`input`,{type:`checkbox`,"aria-label":`Select ${e.name}`,checked:n.has(e.id),onClick:r=>n.toggle(e.id,r.shiftKey,t)})})}function En({ids:e,selection:t}){let n=e.filter(e=>t.has(e)).length,r=n===e.length&&n>0;return p(`label`,{class:`box`,children:p(`input`,{type:`checkbox`,"aria-label":`Select all tasks on this page`,checked:r,indeterminate:n>0&&!r,onChange:()=>t.set(r?[]:e)})})}function Dn({task:e,chooseTag:t}){return p(d,{children:[p(_,{href:`/tasks/${e.id}`,class:`row-link`,title:e.description||void 0,children:e.name}),e.tags.map(e=>t?p(`button`,{type:`button`,class:`tag`,title:`Show tasks with the tag ${e}`,onClick:()=>t(e),children:e},e):p(`span`,{class:`tag`,children:e},e))]})}function On({schedule:e}){return e.__typename===`OnceSchedule`?p(d,{children:[`once, `,p(C,{at:e.at,as:`moment`})]}):p(d,{children:e.description})}function kn({run:e,failures:t}){return e===null?p(`span`,{class:`faint`,children:`not yet`}):p(_,{href:`/runs/${e.id}`,class:`last-run`,children:[p(be,{status:e.status}),` `,p(C,{at:e.finishedAt??e.dueAt}),t>1&&p(`span`,{class:`bad-text`,title:`${t} failures in a row`,children:[` · `,t,` in a row`]})]})}var An=T(`
  fragment OpenIncident on Incident {
    id
    cause
    host
    errorKind
    openedAt
    lastFailureAt
    failures
    subjectCount
    subjects(first: 1) {
      nodes {
        name
      }
    }
  }
`);function jn({incidents:e,tasks:t}){return e.length>0?p(b,{title:`Failing now`,aside:p(_,{href:`/incidents`,children:`All incidents`}),children:p(`ul`,{class:`failing`,children:e.map(e=>p(Mn,{incident:e},e.id))})}):t.length===0?null:p(b,{title:`Failing now`,aside:p(_,{href:`/tasks?status=FAILED`,children:`All failed tasks`}),children:p(Cn,{tasks:t})})}function Mn({incident:e}){let{id:t,openedAt:n,lastFailureAt:r,failures:i,subjectCount:a}=e;return p(`li`,{children:[p(be,{status:`FAILED`}),p(_,{href:`/incidents/${t}`,children:Ht(e)}),p(`span`,{class:`faint`,children:[a>1&&`${a} tasks · `,i,` `,i===1?`failure`:`failures`,`, first `,p(C,{at:n}),`, last `,p(C,{at:r})]})]})}var Nn={name:`Is example.com up?`,tags:[`example`],job:{http:{url:`https://example.com/`}},schedule:{every:{interval:`PT5M`}}},Pn=(function(){let e=typeof document<`u`&&document.createElement(`link`).relList;return e&&e.supports&&e.supports(`modulepreload`)?`modulepreload`:`preload`})(),Fn=function(e,t){return new URL(e,t).href},In={},Ln=function(e){return e.pathname.endsWith(`.css`)},Rn=function(e,t,n){if(t in e)return e[t];let r=n();if(!r){e[t]=void 0;return}let i=r.then(()=>{e[t]=void 0},n=>{throw e[t]=void 0,n});return e[t]=i,i},V=function(e,t,n){let r=Promise.resolve();if(t&&t.length>0){let e,i=document.querySelector(`meta[property=csp-nonce]`),a=i?.nonce||i?.getAttribute(`nonce`);function o(e){return Promise.all(e.map(e=>Promise.resolve(e).then(e=>({status:`fulfilled`,value:e}),e=>({status:`rejected`,reason:e}))))}function s(e){return import.meta.resolve?new URL(import.meta.resolve(e)):new URL(e,import.meta.url)}r=o(t.map(t=>{t=Fn(t,n);let r=s(t),i=Ln(r);return Rn(In,r.href,()=>{if(e===void 0){e={all:new Set,styles:new Set};let t=document.getElementsByTagName(`link`);for(let n=t.length-1;n>=0;n--){let r=t[n];e.all.add(r.href),r.rel===`stylesheet`&&e.styles.add(r.href)}}if((i?e.styles:e.all).has(r.href))return;let t=document.createElement(`link`);if(t.rel=i?`stylesheet`:Pn,i||(t.as=`script`),t.crossOrigin=``,t.href=r.href,a&&t.setAttribute(`nonce`,a),document.head.appendChild(t),i)return new Promise((e,n)=>{let i=a=>{t.removeEventListener(`load`,i),t.removeEventListener(`error`,i),a.type===`error`?n(Error(`Unable to preload CSS for ${r}`)):e(a)};t.addEventListener(`load`,i),t.addEventListener(`error`,i)})})}).filter(e=>e!==void 0))}function i(e){let t=new Event(`vite:preloadError`,{cancelable:!0});if(t.payload=e,window.dispatchEvent(t),!t.defaultPrevented)throw e}return r.then(t=>{for(let e of t||[])e.status===`rejected`&&i(e.reason);return e().catch(i)})},zn=T(`
  mutation CreateExampleTask($input: CreateTaskInput!) {
    createTask(input: $input) {
      task {
        id
        name
      }
      userErrors {
        message
      }
    }
  }
`),Bn=T(`mutation DeleteExampleTask($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`),Vn=T(`
  mutation SaveSample($yaml: String!) {
    saveWorkflow(input: { yaml: $yaml }) {
      workflow {
        name
      }
      userErrors {
        message
      }
    }
  }
`),Hn=Object.assign({"../../../../src/tocsin/workflows/samples/country_report.yaml":()=>V(()=>import(`./country_report-CbOsoJ2P.js`).then(e=>e.default),[],import.meta.url),"../../../../src/tocsin/workflows/samples/failing_flow.yaml":()=>V(()=>import(`./failing_flow-ost2HdVC.js`).then(e=>e.default),[],import.meta.url),"../../../../src/tocsin/workflows/samples/hello_world.yaml":()=>V(()=>import(`./hello_world-CbjeIMjd.js`).then(e=>e.default),[],import.meta.url),"../../../../src/tocsin/workflows/samples/invoice_pdf.yaml":()=>V(()=>import(`./invoice_pdf-CriCOSmK.js`).then(e=>e.default),[],import.meta.url)});function Un({done:e}){let{client:t}=ae(),[n,r]=u(``),[i,a]=u(!1),o=async t=>{a(!0),r(await t()),a(!1),e()},s=async()=>{let{data:e,error:n}=await t.mutation(zn,{input:Nn}).toPromise(),r=e?.createTask.task;return r?(N(`Created “${r.name}”`,{undo:()=>t.mutation(Bn,{id:r.id}).toPromise()}),``):e?.createTask.userErrors[0]?.message??n?.message??``},c=async()=>{await L();let e=[];for(let n of Object.values(Hn)){let{data:r,error:i}=await t.mutation(Vn,{yaml:await n()}).toPromise(),a=r?.saveWorkflow.workflow;if(!a)return r?.saveWorkflow.userErrors[0]?.message??i?.message??``;e.push(a.name)}return N(`Saved the workflows ${e.join(`, `)}`),``};return p(`section`,{class:`first-step`,"aria-label":`First step`,children:[p(`h2`,{children:`Begin with a task`}),p(`p`,{class:`faint`,children:`A task calls a URL by a schedule. What is due, what runs and what failed then appears here by itself.`}),p(`ul`,{children:[p(`li`,{children:[p(`h3`,{children:`Write your own`}),p(`p`,{children:`A URL, a schedule and what to do about failures. The form begins with an example.`}),p(_,{href:`/tasks/new`,class:`button main`,children:`New task`})]}),p(`li`,{children:[p(`h3`,{children:`Try an example`}),p(`p`,{children:`It asks every five minutes whether example.com is up, and tells you when it is not.`}),p(`button`,{type:`button`,disabled:i,onClick:()=>void o(s),children:`Create the example task`})]}),p(`li`,{children:[p(`h3`,{children:`See whole workflows`}),p(`p`,{children:[Object.keys(Hn).length,` samples: steps that depend on each other, retries, a report, an approval.`]}),p(`button`,{type:`button`,disabled:i,onClick:()=>void o(c),children:`Load the samples`})]})]}),p(`p`,{class:`problem`,role:`alert`,children:n}),p(`p`,{class:`faint`,children:[`Everything here can be done by programs, too: see the `,p(`a`,{href:`playground`,children:`playground`}),`.`]})]})}var H=6e4,Wn=60*H,Gn=10*H,Kn=390,qn=T(`
  query News($filter: RunStatisticsFilter!, $bucket: StatisticsBucket!) {
    runStatistics(filter: $filter, bucket: $bucket) {
      total {
        total
        failed
      }
    }
    incidents(first: 20) {
      nodes {
        openedAt
        status
      }
    }
  }
`),U={key:()=>`tocsin:seen:${fe.value??``}`,read:()=>Number(localStorage.getItem(U.key())??0),note:()=>localStorage.setItem(U.key(),String(Date.now()))},Jn=new Map;function Yn(){let e=U.key(),[t,n]=u(()=>Jn.get(e)??U.read());return f(()=>{Jn.set(e,t);let n=()=>{document.hidden||U.note()};n();let r=setInterval(n,H);return document.addEventListener(`visibilitychange`,n),()=>{clearInterval(r),document.removeEventListener(`visibilitychange`,n)}},[e,t]),[t>0&&Date.now()-t>Gn?t:null,()=>n(Date.now())]}function Xn(){let[e,t]=Yn();return e===null?null:p(Zn,{since:e,dismiss:t})}function Zn({since:e,dismiss:t}){let n=new Date(e).toISOString(),{data:r}=v(qn,{filter:{dueAt:{from:n}},bucket:Qn(Date.now()-e)});if(!r)return null;let{total:i,failed:a}=r.runStatistics.total,o=r.incidents.nodes.filter(({openedAt:t})=>Date.parse(t)>=e);return p(`p`,{class:`last-visit`,role:`status`,children:[p(`span`,{children:[`Since your last visit `,p(C,{at:n}),`: `,i===0?`nothing has run`:p(_,{href:`/runs`,children:[y(i),` runs`]}),a>0&&p(d,{children:[`, `,p(_,{href:`/runs?status=FAILED`,class:`bad-text`,children:[y(a),` failed`]})]}),o.length>0&&p(d,{children:[`, `,p(_,{href:`/incidents?show=all`,children:o.length===1?`1 incident`:`${o.length} incidents`})]}),`.`]}),p(`button`,{type:`button`,class:`quiet`,onClick:t,children:`Dismiss`})]})}function Qn(e){return e<Kn*H?`MINUTE`:e<Kn*Wn?`HOUR`:`DAY`}function $n({bars:e,label:t}){let n=Math.max(...e.map(({total:e})=>e),1);return p(`span`,{class:`spark`,role:`img`,"aria-label":t,title:t,children:e.map(({total:e,failed:t},r)=>p(`span`,{class:`bar`,children:[e>t&&p(`span`,{class:`rest`,style:{height:`${Math.max((e-t)/n*100,12)}%`}}),t>0&&p(`span`,{class:`failed`,style:{height:`${Math.max(t/n*100,12)}%`}})]},r))})}var er=T(`
  fragment QueueDepth on Queue {
    name
    paused
    depth
    running
    oldestQueuedAt
    lastHour {
      total
      failed
    }
  }
`);function tr({queues:e}){return p(b,{title:`Queues`,aside:p(_,{href:`/queues`,children:`All queues`}),children:p(`ul`,{class:`depths`,children:e.map(e=>p(`li`,{children:[p(`span`,{class:`name`,children:[e.name,` `,e.paused&&p(D,{status:`PAUSED`})]}),p(`span`,{class:`faint`,children:[p(`b`,{children:y(e.depth)}),` queued`,e.oldestQueuedAt&&p(d,{children:[` (since `,p(C,{at:e.oldestQueuedAt}),`)`]}),`, `,p(`b`,{children:y(e.running)}),` running`]}),p(nr,{queue:e})]},e.name))})})}function nr({queue:{lastHour:e}}){let t=e.reduce((e,t)=>e+t.total,0),n=e.reduce((e,t)=>e+t.failed,0);return p($n,{bars:e,label:`Last hour: ${y(t)} runs${n?`, ${y(n)} failed`:``}`})}var rr=170;function ir(e){let{label:t,series:n,height:r=rr,summary:i}=e,[a,o]=u(null),s=l(null);ar(s,e,r,o);let c=a!==null&&a<e.times.length?a:null;return p(`figure`,{class:`chart`,children:[p(`figcaption`,{children:[p(`span`,{class:`label`,children:t}),p(`span`,{class:`legend`,children:[n.map(t=>p(`span`,{class:`key ${t.tone} as-${t.kind}`,children:[t.name,` `,p(`b`,{children:c===null?``:sr(t.values[c],e.format)})]},t.name)),p(`span`,{class:`at`,children:c===null?``:se(e.times[c]??0,x.peek())})]})]}),p(`div`,{ref:s,class:e.onPick?`plot picks`:`plot`,style:{height:`${r}px`},role:`img`,"aria-label":i?`${t}: ${i}`:t}),p(or,{...e})]})}function ar(e,t,n,r){let i=l(null),a=l(t);a.current=t,f(()=>{let t=!0;return V(async()=>{let{draw:e}=await import(`./chart-drawing-IqziHX1a.js`);return{draw:e}},__vite__mapDeps([0,1]),import.meta.url).then(({draw:o})=>{t&&e.current&&(i.current=o(e.current,a.current,n,{point:r,pick:e=>a.current.onPick?.(e)}))}),()=>{t=!1,i.current?.close(),i.current=null}},[]);let{times:o,series:s,from:c,to:u}=t;f(()=>i.current?.update(a.current),[JSON.stringify([o,s,c,u])])}function or({label:e,times:t,series:n,format:r}){let[i,a]=u(!1),o=t.map((e,t)=>({time:e,index:t})).filter(({index:e})=>n.some(({values:t})=>t[e]!==null));return p(`details`,{onToggle:({currentTarget:e})=>a(e.open),children:[p(`summary`,{children:[`Values`,p(`span`,{class:`hidden`,children:[` of `,e]})]}),i&&p(`div`,{class:`table-frame`,children:p(`table`,{children:[p(`thead`,{children:p(`tr`,{children:[p(`th`,{children:`From`}),n.map(({name:e})=>p(`th`,{class:`number`,children:e},e))]})}),p(`tbody`,{children:o.reverse().map(({time:e,index:t})=>p(`tr`,{children:[p(`td`,{class:`nowrap`,title:te(e),children:se(e,x.peek())}),n.map(({name:e,values:n})=>p(`td`,{class:`number`,children:sr(n[t],r)},e))]},e))})]})})]})}function sr(e,t){return e==null?`–`:t(e)}var cr=T(`
  fragment RunRow on Run {
    id
    taskName
    status
    trigger
    dueAt
    startedAt
    finishedAt
    nextAttemptAt
    reasonText
    waitingText
    error {
      message
    }
    attempts {
      number
    }
  }
`);function lr({runs:e,named:t=!1}){return p(`div`,{class:`table-frame`,children:p(`table`,{class:`runs`,children:[p(`thead`,{children:p(`tr`,{children:[p(`th`,{children:`Status`}),t&&p(`th`,{children:`Task`}),p(`th`,{children:`Due`}),p(`th`,{class:`number`,children:`Took`}),p(`th`,{class:`number`,children:`Attempts`}),p(`th`,{class:`wide`,children:`What happened`})]})}),p(`tbody`,{children:e.map(e=>p(`tr`,{children:[p(`td`,{children:p(_,{href:`/runs/${e.id}`,class:`row-link`,children:p(D,{status:e.status})})}),t&&p(`td`,{class:`name`,children:e.taskName}),p(`td`,{class:`nowrap`,children:p(C,{at:e.dueAt,as:`moment`})}),p(`td`,{class:`number`,children:ur(e)}),p(`td`,{class:`number`,children:e.attempts.length||`–`}),p(`td`,{class:`wide faint`,children:dr(e)})]},e.id))})]})})}function ur({startedAt:e,finishedAt:t,status:n}){if(e===null||t===null&&n!==`RUNNING`)return`–`;let r=t===null?x.value:Date.parse(t);return S(Math.max(r-Date.parse(e),0))}function dr(e){return e.status===`RETRY`&&e.nextAttemptAt?p(d,{children:[e.error?.message,` Next attempt `,p(C,{at:e.nextAttemptAt}),`.`]}):e.error?.message??e.reasonText??e.waitingText??(Ce(e.trigger)||null)}var fr=T(`
    query Runs($filter: RunFilter, $first: Int!, $after: String) {
      runs(filter: $filter, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...RunRow
        }
      }
    }
  `,[cr]),pr=T(`
  query ExportedRuns($filter: RunFilter, $after: String) {
    runs(filter: $filter, first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        taskName
        status
        trigger
        dueAt
        startedAt
        finishedAt
        reasonText
        queue
        error {
          kind
          message
        }
        attempts {
          statusCode
        }
      }
    }
  }
`),mr=[`FAILED`,`RETRY`,`RUNNING`,`QUEUED`,`WAITING`,`COMPLETED`,`SKIPPED`,`MISSED`,`CANCELLED`],hr=Object.keys(we),gr=Object.keys(Se);function _r(e){let t=e.get(`status`)?.split(`,`)??[];return mr.filter(e=>t.includes(e))}function vr(e){let t=_r(e),n=gr.find(t=>t===e.get(`trigger`)),r=hr.find(t=>t===e.get(`error`)),[i,a]=[e.get(`task`),e.get(`name`)],{since:o,until:s}=yr(e),c=o??Sr(e.get(`from`)),l=s??Sr(e.get(`to`),1);return{...t.length>0&&{status:t},...n&&{trigger:n},...r&&{errorKind:[r]},...i&&{taskId:i},...a&&{taskName:a},...(c||l)&&{dueAt:{from:c,to:l}}}}function yr(e){return{since:br(e.get(`since`)),until:br(e.get(`until`))}}function br(e){let t=new Date(e??``);return Number.isNaN(t.getTime())?null:t.toISOString()}function xr(e,t,n){let r=new URLSearchParams({since:new Date(e).toISOString(),until:new Date(t).toISOString()});return n&&r.set(`task`,n),`/runs?${r.toString()}`}function Sr(e,t=0){let[n,r,i]=/^(\d{4})-(\d\d)-(\d\d)$/.exec(e??``)?.slice(1).map(Number)??[];if(n===void 0||r===void 0||i===void 0)return null;let a=new Date(n,r-1,i+t);return Number.isNaN(a.getTime())?null:a.toISOString()}var W=36e5,G=24*W,Cr=800,wr=T(`
  query RunCharts($filter: RunStatisticsFilter!, $bucket: StatisticsBucket!) {
    runStatistics(filter: $filter, bucket: $bucket) {
      total {
        total
        completed
        failed
        durationP50Ms
        durationP95Ms
        latenessP95Ms
      }
      buckets {
        from
        total
        completed
        failed
        durationP50Ms
        durationP95Ms
      }
    }
  }
`),Tr=[{name:`1 h`,length:W,bucket:`MINUTE`,span:6e4},{name:`24 h`,length:G,bucket:`HOUR`,span:W},{name:`7 d`,length:7*G,bucket:`HOUR`,span:W}],Er=[...Tr.slice(1),{name:`30 d`,length:30*G,bucket:`DAY`,span:G}];function Dr({title:e,scope:t={}}){let n=t.taskId||t.workflow?Er:Tr,[r,i]=u(0),a=n[r]??Er[0],o=Math.ceil((x.value+1)/a.span)*a.span,s=o-a.length,c={filter:{dueAt:{from:new Date(s).toISOString(),to:new Date(o).toISOString()},...t},bucket:a.bucket},{data:l,error:d,reread:f}=v(wr,c,{concerns:e=>ce(e)||oe(e),pace:Cr,slot:JSON.stringify([t,a.name])}),m=p(`span`,{class:`periods`,role:`group`,"aria-label":`Period`,children:n.map(({name:e},t)=>p(`button`,{type:`button`,"aria-pressed":t===r,onClick:()=>i(t),children:e},e))});return p(b,{title:e,aside:m,children:d&&!l?p(R,{message:d,retry:f}):p(Or,{statistics:l?.runStatistics,scope:t,period:a,from:s,to:o},a.name)})}function Or({statistics:e,scope:t,period:n,from:r,to:i}){let[,a]=w(),o=e?.buckets??[],s=o.map(e=>Date.parse(e.from)),c=e=>{let r=s[e];r!==void 0&&a(xr(r,r+n.span,t.taskId))},l=!t.workflow&&!t.queue,u={times:s,from:r,to:i,span:n.span,onPick:l?c:void 0},d=[{name:`Failed`,tone:`bad`,kind:`bars`,values:o.map(({failed:e})=>e||null)},{name:`Completed`,tone:`good`,kind:`bars`,values:o.map(({completed:e})=>e||null)},{name:`Not run`,tone:`idle`,kind:`bars`,values:o.map(({total:e,completed:t,failed:n})=>e-t-n||null)}],f=[{name:`Median`,tone:`accent`,kind:`line`,values:o.map(({durationP50Ms:e})=>e)},{name:`95 %`,tone:`busy`,kind:`line`,values:o.map(({durationP95Ms:e})=>e)},{name:`With failures`,tone:`bad`,kind:`points`,values:o.map(({failed:e,durationP95Ms:t})=>e?t:null)}],m=kr(e?.total),{durationP50Ms:h=null,durationP95Ms:g=null}=e?.total??{};return p(`div`,{class:`charts`,children:[p(ir,{...u,label:`Success ${m}`,summary:Ar(e?.total),series:d,format:y}),p(ir,{...u,label:`Median duration ${h===null?``:S(h)}`,summary:`median ${jr(h)}, 95 % ${jr(g)}`,series:f,format:S})]})}function kr(e){if(!e||e.completed+e.failed===0)return``;let t=e.completed/(e.completed+e.failed)*100;return e.failed>0?`${(Math.floor(t*10)/10).toFixed(1)} %`:`100 %`}function Ar(e){return e?`${y(e.completed)} completed, ${y(e.failed)} failed`:`loading`}function jr(e){return e===null?`unknown`:S(e)}var K=6e4,Mr=60*K,q=15*K,Nr=800,Pr=9*K,Fr=4,Ir=5,Lr=new Intl.DateTimeFormat(void 0,{hour:`2-digit`,minute:`2-digit`}),Rr=T(`
  query PastHour($past: RunStatisticsFilter!) {
    runStatistics(filter: $past, bucket: MINUTE) {
      buckets {
        from
        total
        completed
        failed
      }
    }
  }
`),zr=T(`
  query NextHour($hour: TimeWindow!) {
    tasks(filter: { nextRunAt: $hour }, orderBy: { field: NEXT_RUN_AT, direction: ASC }, first: 40) {
      totalCount
      totalCountIsExact
      nodes {
        id
        name
        nextDueTimes(count: 60)
      }
    }
    workflows(first: 50) {
      nodes {
        name
        nextRunAt
      }
    }
  }
`),Br={slot:`hour`,concerns:e=>ce(e)||oe(e),pace:Nr};function Vr(){let e=Math.floor(x.value/K)*K,t=e-Mr,n=e+Mr,r={dueAt:{from:J(t),to:J(e+K)}},i=v(Rr,{past:r},Br).data?.runStatistics,a=v(zr,{hour:{from:J(e),to:J(n)}},Br).data,o=a?Ur(a,n):[],s=Wr(i,o,t,n);return p(`div`,{class:`timeline`,children:[p(Gr,{minutes:s,begin:t,end:n}),p(`p`,{class:`caption`,children:[p(Yr,{dues:o,isLoaded:a!==void 0}),a&&p(Hr,{tasks:a.tasks})]})]})}function Hr({tasks:{totalCount:e,totalCountIsExact:t,nodes:n}}){return e<=n.length?null:p(`span`,{class:`faint`,children:[` `,`Of `,y(e,t),` tasks, the first `,n.length,` are shown.`]})}function J(e){return new Date(e).toISOString()}function Ur({tasks:e,workflows:t},n){let r=e.nodes.flatMap(({id:e,name:t,nextDueTimes:n})=>n.map(n=>({name:t,href:`/tasks/${e}`,at:Date.parse(n)}))),i=t.nodes.flatMap(({name:e,nextRunAt:t})=>t?[{name:e,href:`/workflows`,at:Date.parse(t)}]:[]);return[...r,...i].filter(({at:e})=>e<n).sort((e,t)=>e.at-t.at)}function Wr(e,t,n,r){let i=Array.from({length:(r-n)/K},(e,t)=>({at:n+t*K,good:0,bad:0,other:0,due:0,names:[]}));for(let{from:t,total:r,completed:a,failed:o}of e?.buckets??[]){let e=i[(Date.parse(t)-n)/K];e&&Object.assign(e,{good:a,bad:o,other:r-a-o})}for(let{at:e,name:r}of t){let t=i[Math.floor((e-n)/K)];t&&(t.due+=1,t.names.includes(r)||t.names.push(r))}return i}function Gr({minutes:e,begin:t,end:n}){let r=e=>`${(e-t)/(n-t)*100}%`,i=Math.max(...e.map(({good:e,bad:t,other:n,due:r})=>e+t+n+r),1),a=e=>`${Math.max(Math.sqrt(e/i)*100,14)}%`;return p(`div`,{class:`track`,role:`img`,"aria-label":Jr(e),children:[Zr(t,n).map(e=>p(`span`,{class:`tick`,style:{left:r(e)},children:Lr.format(e)},e)),e.map(e=>{let t=e.good+e.bad+e.other+e.due;return t===0?null:p(`span`,{class:`minute`,style:{left:r(e.at),height:a(t)},title:qr(e),children:Kr.map(([t,n])=>e[t]>0&&p(`span`,{class:`part ${n}`,style:{flexGrow:e[t]}},t))},e.at)}),p(`span`,{class:`present`,style:{left:r(x.value)}})]})}var Kr=[[`due`,`due`],[`other`,`idle`],[`good`,`good`],[`bad`,`bad`]];function qr({at:e,good:t,bad:n,other:r,due:i,names:a}){let o=[t&&`${t} completed`,n&&`${n} failed`,r&&`${r} not run`,i&&`${i} due`],s=a.length>Ir?`\nand ${a.length-Ir} more`:``;return[`${Lr.format(e)} · ${o.filter(Boolean).join(`, `)}`,...a.slice(0,Ir)].join(`
`)+s}function Jr(e){let t=t=>e.reduce((e,n)=>e+n[t],0);return`In the past hour, ${t(`good`)} runs completed and ${t(`bad`)} failed. In the next hour, ${t(`due`)} are due.`}function Yr({dues:e,isLoaded:t}){let n=Xr(e.filter(({at:e})=>e>x.value)).slice(0,Fr);return n.length===0?p(`span`,{class:`faint`,children:t?`Nothing is due within the hour.`:` `}):p(d,{children:[p(`span`,{class:`faint`,children:`Next: `}),n.map(({name:e,href:t,at:r},i)=>p(`span`,{class:`next`,children:[p(_,{href:t,children:e}),` `,p(`span`,{class:`faint`,children:de(r,x.value)}),i<n.length-1&&`, `]},`${t} ${r}`))]})}function Xr(e){let t=new Set;return e.filter(({name:e,href:n})=>!t.has(`${n} ${e}`)&&t.add(`${n} ${e}`))}function Zr(e,t){let n=Math.ceil(e/q)*q;return Array.from({length:Math.ceil((t-n)/q)},(e,t)=>n+t*q).filter(e=>t-e>Pr)}var Qr=T(`
    query Overview {
      all: tasks(first: 1) {
        totalCount
        totalCountIsExact
      }
      workflows(first: 1) {
        totalCount
        totalCountIsExact
      }
      failing: tasks(filter: { status: [FAILED, RETRY] }, first: 8) {
        nodes {
          ...TaskRow
        }
      }
      incidents(status: OPEN, first: 6) {
        totalCount
        totalCountIsExact
        nodes {
          ...OpenIncident
        }
      }
      running: runs(filter: { status: [RUNNING] }, first: 8) {
        totalCount
        totalCountIsExact
        nodes {
          ...RunRow
        }
      }
      queued: runs(filter: { status: [QUEUED] }, first: 1) {
        totalCount
        totalCountIsExact
      }
      latest: runs(first: 8) {
        nodes {
          ...RunRow
        }
      }
      queues {
        ...QueueDepth
      }
    }
  `,[mn,cr,An,er]);function $r({of:e}){return e===`task`||e===`workflow run`||e===`notification`}function ei(){let{data:e,error:t,reread:n}=v(Qr,{},{concerns:$r}),r=e?.all.totalCount===0&&e.workflows.totalCount===0;return p(ue,{title:`Overview`,children:[t&&!e&&p(R,{message:t,retry:n}),!t&&!e&&p(Rt,{count:8}),e&&(r?p(Un,{done:n}):p(ti,{data:e}))]})}function ti({data:e}){let{all:t,workflows:n,failing:r,incidents:i,running:a,queued:o,latest:s,queues:c}=e;return p(d,{children:[p(Xn,{}),p(`dl`,{class:`figures`,children:[p(Y,{name:`Running`,href:`/runs?status=RUNNING`,count:a}),p(Y,{name:`Queued`,href:`/runs?status=QUEUED`,count:o}),p(Y,{name:`Open incidents`,href:`/incidents`,count:i,isBad:i.totalCount>0}),p(Y,{name:`Tasks`,href:`/tasks`,count:t}),p(Y,{name:`Workflows`,href:`/workflows`,count:n})]}),p(b,{title:`Past and next hour`,children:p(Vr,{})}),p(jn,{incidents:i.nodes,tasks:r.nodes}),p(b,{title:`Running now`,children:a.nodes.length>0?p(lr,{runs:a.nodes,named:!0}):p(`p`,{class:`faint quiet-line`,children:`Nothing is running.`})}),p(Dr,{title:`Outcomes and durations`}),c.length>0&&p(tr,{queues:c}),p(b,{title:`Latest runs`,aside:p(_,{href:`/runs`,children:`All runs`}),children:s.nodes.length>0?p(lr,{runs:s.nodes,named:!0}):p(`p`,{class:`faint`,children:`Nothing has run yet.`})})]})}function Y({name:e,count:t,href:n,isBad:r=!1}){let i=y(t.totalCount,t.totalCountIsExact);return p(`div`,{children:[p(`dt`,{children:e}),p(`dd`,{class:r?`bad-text`:void 0,children:n?p(_,{href:n,children:i}):i})]})}function X(e){let t;return function(n){let[{Page:r,hasFailed:i},a]=u({Page:t,hasFailed:!1}),o=me.value===!1;return f(()=>{t||e().then(e=>a({Page:t=e,hasFailed:!1}),()=>a({Page:void 0,hasFailed:!0}))},[o]),r?p(r,{...n}):i?p(R,{message:o?`The server cannot be reached.`:`A part of the dashboard is missing.`,retry:()=>location.reload()}):p(Rt,{count:8})}}var ni=X(async()=>(await V(async()=>{let{AccountPage:e}=await import(`./account-tscFqkqL.js`);return{AccountPage:e}},__vite__mapDeps([2,3,4,5,6,7,8,9,10,11,12,13,14,15]),import.meta.url)).AccountPage),ri=X(async()=>(await V(async()=>{let{AdminPage:e}=await import(`./admin-CkJolrg2.js`);return{AdminPage:e}},__vite__mapDeps([16,9,5,4,10,11,12,3,6,7,8,17,18,13,19]),import.meta.url)).AdminPage),ii=X(async()=>(await V(async()=>{let{AdminUserPage:e}=await import(`./admin-user-D7u49g-Z.js`);return{AdminUserPage:e}},__vite__mapDeps([20,5,4,9,10,11,12,6,3,7,8,16,17,18,13,19]),import.meta.url)).AdminUserPage),ai=X(async()=>(await V(async()=>{let{DeadLettersPage:e}=await import(`./dead-letters-CLKVibJ6.js`);return{DeadLettersPage:e}},__vite__mapDeps([21,4,5,17,6,7,22,23]),import.meta.url)).DeadLettersPage),oi=X(async()=>(await V(async()=>{let{EditTaskPage:e}=await import(`./task-form-T30lycid.js`);return{EditTaskPage:e}},__vite__mapDeps([24,25,4,5,26,27,6,28,9,10,11,12,29,22]),import.meta.url)).EditTaskPage),si=X(async()=>(await V(async()=>{let{HistoryPage:e}=await import(`./history-CenfL4B-.js`);return{HistoryPage:e}},__vite__mapDeps([30,5,4,31,9,10,11,12,22,17,18,32,33]),import.meta.url)).HistoryPage),ci=X(async()=>(await V(async()=>{let{ImportTasksPage:e}=await import(`./task-import-BpeGr-u1.js`);return{ImportTasksPage:e}},__vite__mapDeps([34,25,4,5,26,27,6,28,9,10,11,12]),import.meta.url)).ImportTasksPage),li=X(async()=>(await V(async()=>{let{IncidentPage:e}=await import(`./incident-BoRJVvlI.js`);return{IncidentPage:e}},__vite__mapDeps([35,4,5,17,22,36,7,37]),import.meta.url)).IncidentPage),ui=X(async()=>(await V(async()=>{let{IncidentsPage:e}=await import(`./incidents-B6Adbsn5.js`);return{IncidentsPage:e}},__vite__mapDeps([36,4,5,17,7,37]),import.meta.url)).IncidentsPage),di=X(async()=>(await V(async()=>{let{NewTaskPage:e}=await import(`./task-form-T30lycid.js`);return{NewTaskPage:e}},__vite__mapDeps([24,25,4,5,26,27,6,28,9,10,11,12,29,22]),import.meta.url)).NewTaskPage),fi=X(async()=>(await V(async()=>{let{NotificationsPage:e}=await import(`./notifications-ByaRn1Tl.js`);return{NotificationsPage:e}},__vite__mapDeps([38,3,4,5,6,7,8,14,17,29,18,39,19]),import.meta.url)).NotificationsPage),pi=X(async()=>(await V(async()=>{let{QueuesPage:e}=await import(`./queues-D82HbNtC.js`);return{QueuesPage:e}},__vite__mapDeps([40,4,7,5,9,10,11,12,22,6]),import.meta.url)).QueuesPage),mi=X(async()=>(await V(async()=>{let{RunPage:e}=await import(`./run-Dq4NPsh3.js`);return{RunPage:e}},__vite__mapDeps([41,5,4,7,22,32,42]),import.meta.url)).RunPage),hi=X(async()=>(await V(async()=>{let{TaskPage:e}=await import(`./task-CglbboXM.js`);return{TaskPage:e}},__vite__mapDeps([43,5,4,44,45,6,14,46,22,7,47,9,10,11,12,48]),import.meta.url)).TaskPage),gi=X(async()=>(await V(async()=>{let{TasksPage:e}=await import(`./tasks-CkLwULGF.js`);return{TasksPage:e}},__vite__mapDeps([49,5,4,31,9,10,11,12,22,17,18,47]),import.meta.url)).TasksPage),_i=X(async()=>(await V(async()=>{let{EditWorkflowPage:e}=await import(`./edit-workflow-CV-Fb5Dg.js`);return{EditWorkflowPage:e}},__vite__mapDeps([50,4,5,9,10,11,12,51,52,53,29,45,22,54,55]),import.meta.url)).EditWorkflowPage),vi=X(async()=>(await V(async()=>{let{NewWorkflowPage:e}=await import(`./edit-workflow-CV-Fb5Dg.js`);return{NewWorkflowPage:e}},__vite__mapDeps([50,4,5,9,10,11,12,51,52,53,29,45,22,54,55]),import.meta.url)).NewWorkflowPage),yi=X(async()=>(await V(async()=>{let{WorkflowPage:e}=await import(`./workflow-B6cS4OW5.js`);return{WorkflowPage:e}},__vite__mapDeps([56,57,4,5,22,32,17,58,44,45,6,14,46,59,54,55,7,60,26,27,53]),import.meta.url)).WorkflowPage),bi=X(async()=>(await V(async()=>{let{WorkflowRunPage:e}=await import(`./workflow-run-Dk1AeyZX.js`);return{WorkflowRunPage:e}},__vite__mapDeps([61,57,4,5,22,32,17,58,7,45,54,55,60,6,26,27]),import.meta.url)).WorkflowRunPage),xi=X(async()=>(await V(async()=>{let{WorkflowsPage:e}=await import(`./workflows-B5IvUUhs.js`);return{WorkflowsPage:e}},__vite__mapDeps([62,57,4,5,22,32,17,58,18,59]),import.meta.url)).WorkflowsPage);function Si(){return p(re,{children:[p(g,{path:`/`,children:p(ei,{})}),p(g,{path:`/tasks`,children:p(gi,{})}),p(g,{path:`/tasks/new`,children:p(di,{})}),p(g,{path:`/tasks/import`,children:p(ci,{})}),p(g,{path:`/tasks/:id/edit`,children:({id:e})=>p(oi,{id:e},e)}),p(g,{path:`/tasks/:id`,children:({id:e})=>p(hi,{id:e},e)}),p(g,{path:`/runs`,children:p(si,{})}),p(g,{path:`/runs/:id`,children:({id:e})=>p(mi,{id:e},e)}),p(g,{path:`/workflows`,children:p(xi,{})}),p(g,{path:`/workflows/new`,children:p(vi,{})}),p(g,{path:`/workflows/:id/edit`,children:({id:e})=>p(_i,{id:e},e)}),p(g,{path:`/workflows/:id`,children:({id:e})=>p(yi,{id:e},e)}),p(g,{path:`/workflow-runs/:id`,children:({id:e})=>p(bi,{id:e},e)}),p(g,{path:`/admin/users/:id`,children:({id:e})=>p(ii,{id:e},e)}),p(g,{path:`/admin/:part?`,children:({part:e})=>p(ri,{part:e})}),p(g,{path:`/account/:part?`,children:({part:e})=>p(ni,{part:e})}),p(g,{path:`/queues`,children:p(pi,{})}),p(g,{path:`/notifications/:part?`,children:({part:e})=>p(fi,{part:e})}),p(g,{path:`/incidents`,children:p(ui,{})}),p(g,{path:`/incidents/:id`,children:({id:e})=>p(li,{id:e},e)}),p(g,{path:`/dead-letters`,children:p(ai,{})}),p(g,{component:zt})]})}var Ci=`#main .row-link`;function wi(e){let t=[...document.querySelectorAll(Ci)],n=t.findIndex(e=>Ei(e)?.contains(document.activeElement)),r=t[n===-1?0:Math.min(Math.max(n+e,0),t.length-1)];r?.focus(),r?.scrollIntoView({block:`nearest`})}function Ti(){Ei(document.activeElement)?.querySelector(`input[type=checkbox]`)?.click()}function Ei(e){return e?.closest(`#main tr, #main li`)??null}var Z={o:{path:`/`,name:`Overview`},t:{path:`/tasks`,name:`Tasks`},h:{path:`/runs`,name:`History`},w:{path:`/workflows`,name:`Workflows`},q:{path:`/queues`,name:`Queues`},i:{path:`/incidents`,name:`Incidents`},d:{path:`/dead-letters`,name:`Dead letters`},n:{path:`/notifications`,name:`Notifications`}},Di=[...Object.entries(Z).map(([e,{name:t}])=>[`g ${e}`,t]),[`Ctrl K`,`Go to or do anything`],[`/`,`Search on this page`],[`j`,`Next row`],[`k`,`Row before`],[`Enter`,`Open the row`],[`x`,`Select the row`],[`e`,`Edit what is shown`],[`p`,`Pause or resume it`],[`R`,`Run it, or retry the run`],[`c`,`New task`],[`?`,`These keys`],[`Esc`,`Close`]];function Oi({showHelp:e,showMenu:t}){let[,n]=w();f(()=>{let r=!1,i={"?":e,"/":Ni,j:()=>wi(1),k:()=>wi(-1),x:Ti,c:()=>n(`/tasks/new`)},a=e=>{if(document.querySelector(`dialog[open]`)||(Ai(e)&&(e.preventDefault(),t()),e.ctrlKey||e.metaKey||e.altKey||ji(e.target)))return;let a=r?Z[e.key]:void 0;r=e.key===`g`,a?n(a.path):(i[e.key]??ki)(e)};return addEventListener(`keydown`,a),()=>removeEventListener(`keydown`,a)},[n])}function ki({key:e}){if(!/^[a-z]$/i.test(e))return;let t=e===e.toLowerCase()?e:`Shift+${e}`;document.querySelector(`#main [aria-keyshortcuts="${t}"]:not(:disabled)`)?.click()}function Ai({key:e,ctrlKey:t,metaKey:n}){return e.toLowerCase()===`k`&&(t||n)}function ji(e){return e instanceof HTMLElement&&(e.isContentEditable||/^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName)&&!Mi(e))}function Mi(e){return e instanceof HTMLInputElement&&e.type===`checkbox`}function Ni(e){let t=document.querySelector(`#main [type=search]`);t!==null&&(e.preventDefault(),t.focus())}function Q({title:e,close:t,children:n,class:r}){let i=l(null);return c(()=>{let e=document.activeElement,t=i.current;return t?.showModal(),()=>{t?.close(),Pi(e)}},[]),p(`dialog`,{ref:i,class:r,"aria-label":e,onCancel:e=>{e.preventDefault(),t()},onClick:e=>e.target===i.current&&t(),children:p(`div`,{class:`contents`,children:[p(`h2`,{children:e}),n]})})}function Pi(e){(e instanceof HTMLElement&&e.isConnected&&e!==document.body?e:document.getElementById(`main`))?.focus({preventScroll:!0})}var $=ee(null);function Fi(e){return $.value?.answer(!1),new Promise(t=>{$.value={...e,answer:e=>{$.value=null,t(e)}}})}function Ii(){let e=$.value;if(e===null)return null;let{title:t,text:n,action:r,isDestructive:i=!0,answer:a}=e;return p(Q,{title:t,close:()=>a(!1),children:[p(`div`,{class:`text`,children:n}),p(`div`,{class:`buttons`,children:[p(`button`,{type:`button`,autofocus:!0,onClick:()=>a(!1),children:`Cancel`}),p(`button`,{type:`button`,class:i?`destructive`:`main`,onClick:()=>a(!0),children:r})]})]})}var Li=150,Ri=6,zi=T(`
  query FindByName($text: String!, $first: Int!) {
    tasks(filter: { text: $text }, orderBy: { field: NAME, direction: ASC }, first: $first) {
      nodes {
        id
        name
        status
      }
    }
    workflows(filter: { name: $text }, first: $first) {
      nodes {
        id
        name
      }
    }
  }
`),Bi=[...Object.values(Z).map(({path:e,name:t})=>({path:e,name:t,kind:`Page`})),{path:`/account`,name:`Account`,kind:`Page`},{path:`/account/tokens`,name:`API tokens`,kind:`Page`},{path:`/account/secrets`,name:`Secrets`,kind:`Page`},{path:`/notifications/channels`,name:`Notification channels`,kind:`Page`},{path:`/tasks/new`,name:`New task`,kind:`Action`},{path:`/tasks/import`,name:`Import tasks from curl or a crontab`,kind:`Action`},{path:`/workflows/new`,name:`New workflow`,kind:`Action`},{path:`/runs?status=FAILED`,name:`Failed runs`,kind:`Page`}];function Vi({close:e}){let[,t]=w(),[n,r]=u(``),[i,a]=u(0),o=Gi(n.trim()),s=[...Ui(n),...Wi(o)],c=Math.min(i,s.length-1),l=n=>{n&&(e(),t(n.path))};return p(Q,{title:`Go to`,close:e,class:`command-menu`,children:[p(`input`,{type:`text`,role:`combobox`,"aria-label":`Find a page, a task or a workflow`,"aria-expanded":`true`,"aria-controls":`commands`,"aria-activedescendant":c>=0?`command-${c}`:void 0,placeholder:`Find a page, a task or a workflow`,autofocus:!0,onInput:({currentTarget:e})=>{r(e.value),a(0)},onKeyDown:e=>{let t={ArrowDown:1,ArrowUp:-1}[e.key];if(t)a((c+t+s.length)%Math.max(s.length,1));else if(e.key===`Enter`)l(s[c]);else return;e.preventDefault()}}),p(Hi,{commands:s,place:c,open:l})]})}function Hi({commands:e,place:t,open:n}){let r=l(null);return f(()=>r.current?.children[t]?.scrollIntoView({block:`nearest`}),[t]),p(`ul`,{ref:r,id:`commands`,role:`listbox`,"aria-label":`Found`,children:[e.map((e,r)=>p(`li`,{id:`command-${r}`,role:`option`,"aria-selected":r===t,onClick:()=>n(e),children:[p(`span`,{class:`name`,children:e.name}),e.status&&p(D,{status:e.status}),p(`span`,{class:`faint`,children:e.kind})]},e.path)),e.length===0&&p(`li`,{class:`faint`,children:`Nothing has this name.`})]})}function Ui(e){let t=e.toLowerCase().split(/\s+/).filter(Boolean);return Bi.filter(({name:e})=>t.every(t=>e.toLowerCase().split(` `).some(e=>e.startsWith(t))))}function Wi(e){let t=e?.tasks.nodes.map(({id:e,name:t,status:n})=>({path:`/tasks/${e}`,name:t,kind:`Task`,status:n}))??[],n=e?.workflows.nodes.map(({id:e,name:t})=>({path:`/workflows/${e}`,name:t,kind:`Workflow`}))??[];return[...t,...n]}function Gi(e){let[t,n]=u();return f(()=>{if(e===``)return n(void 0);let t=!0,r=setTimeout(async()=>{let{data:r}=await ge(zi,{text:e,first:Ri});t&&n(r)},Li);return()=>{t=!1,clearTimeout(r)}},[e]),t}var Ki=T(`
  query UnacknowledgedCount {
    notifications(unacknowledgedOnly: true, first: 1) {
      totalCount
      totalCountIsExact
    }
  }
`);function qi(){let{data:e}=v(Ki,{},{concerns:({of:e})=>e===`notification`});if(!e?.notifications.totalCount)return null;let t=y(e.notifications.totalCount,e.notifications.totalCountIsExact);return p(`span`,{class:`badge`,children:[t,` `,p(`span`,{class:`hidden`,children:`not acknowledged`})]})}var Ji={"/":p(Ut,{}),"/tasks":p(Wt,{}),"/runs":p(Gt,{}),"/workflows":p(Qt,{}),"/queues":p(Xt,{}),"/incidents":p(nn,{}),"/dead-letters":p(rn,{}),"/notifications":p(Zt,{})};function Yi({children:e}){let[t,n]=u(null),r=()=>n(null);return Oi({showHelp:()=>n(`help`),showMenu:()=>n(`menu`)}),Xi(),p(`div`,{class:`shell`,children:[p(`a`,{class:`skip-link`,href:`#main`,onClick:Zi,children:`Skip to content`}),p(Qi,{}),p(`main`,{id:`main`,tabIndex:-1,children:[p(ta,{}),e]}),p(Ii,{}),t===`help`&&p(na,{close:r}),t===`menu`&&p(Vi,{close:r}),p(ft,{})]})}function Xi(){let[e]=w(),t=l(!0);f(()=>{!t.current&&document.activeElement===document.body&&document.getElementById(`main`)?.focus({preventScroll:!0}),t.current=!1},[e])}function Zi(e){e.preventDefault(),document.getElementById(`main`)?.focus()}function Qi(){let[e]=w(),[t,n]=u(!1);return f(()=>n(!1),[e]),p(`nav`,{class:t?`sidebar open`:`sidebar`,"aria-label":`Pages`,onKeyDown:({key:e})=>e===`Escape`&&n(!1),children:[p(_,{href:`/`,class:`brand`,children:[p(`img`,{src:ye,alt:``,width:`22`,height:`22`}),`Tocsin`]}),p(`button`,{type:`button`,class:`menu`,"aria-expanded":t,"aria-controls":`pages`,onClick:()=>n(!t),children:[p(an,{}),`Menu`,p(qi,{})]}),p(`ul`,{id:`pages`,children:[Object.values(Z).map(({path:t,name:n})=>p(`li`,{children:p(_,{href:t,"aria-current":ea(e,t)?`page`:void 0,children:[Ji[t],p(`span`,{children:n}),t===`/notifications`&&p(qi,{})]})},t)),_e.value?.isAdmin&&p(`li`,{children:p(_,{href:`/admin`,"aria-current":ea(e,`/admin`)?`page`:void 0,children:[p($t,{}),p(`span`,{children:`Administration`})]})}),p(`li`,{children:p(`a`,{href:`playground`,children:[p(Kt,{}),p(`span`,{children:`Playground`})]})})]}),p(`div`,{class:`account`,children:[p(_,{href:`/account`,class:`email`,title:fe.value??``,children:fe.value}),p(`button`,{type:`button`,class:`quiet`,onClick:()=>void $i(),children:`Sign out`})]})]})}async function $i(){(!tt()||await Fi({title:`Sign out without saving?`,text:`What you wrote and did not save is lost then.`,action:`Sign out`}))&&(await L(),await E.logOut())}function ea(e,t){return e===t||t!==`/`&&e.startsWith(`${t}/`)}function ta(){return me.value===!1?p(`p`,{class:`notice warn`,role:`status`,children:`The connection to the server is lost. It is being restored; what you see may be out of date.`}):null}function na({close:e}){return p(Q,{title:`Keys`,close:e,children:p(`dl`,{class:`keys`,children:Di.map(([e,t])=>p(`div`,{children:[p(`dt`,{children:p(`kbd`,{children:e})}),p(`dd`,{children:t})]},e))})})}function ra({children:e}){let[t]=w(),[n,i]=r(e=>console.error(e));return f(i,[t]),n===void 0?p(d,{children:e}):p(`div`,{role:`alert`,children:p(Lt,{title:`This page has failed`,children:[p(`p`,{children:`It is a fault of the dashboard. The console of the browser has the details.`}),p(`button`,{type:`button`,onClick:i,children:`Try again`})]})})}function ia(){let e=l(null),t=he.value;return e.current=t===`signed out`?null:_e.value??e.current,p(h,{hook:it,searchHook:at,children:[e.current&&p(`div`,{hidden:_e.value===null,children:p(aa,{},e.current.id)}),t===`restoring`&&p(St,{}),t===`signed out`&&p(At,{}),t===`ended`&&p(jt,{email:e.current?.email??``})]})}function aa(){let[e,t]=u(null);return f(()=>{let{client:e,close:n}=ve(),r=new ie(e);return t({client:e,changes:r}),()=>{bt(),r.close(),n()}},[]),e&&p(ne.Provider,{value:e,children:p(Yi,{children:p(ra,{children:p(Si,{})})})})}pe(),o(p(ia,{}),document.getElementById(`app`));export{tn as A,Rt as B,Sn as C,un as D,cn as E,Bt as F,N as G,L as H,Ht as I,ot as J,et as K,zt as L,Jt as M,qt as N,sn as O,Yt as P,Lt as R,xn as S,ln as T,ht as U,_t as V,gt as W,Ie as X,O as Y,Nn as _,pr as a,hn as b,gr as c,_r as d,cr as f,V as g,nr as h,hr as i,en as j,on as k,vr as l,ir as m,Fi as n,fr as o,lr as p,$e as q,Dr as r,mr as s,Q as t,yr as u,Cn as v,bn as w,_n as x,gn as y,R as z};