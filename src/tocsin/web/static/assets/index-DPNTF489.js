const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["./chart-drawing-IqziHX1a.js","./chart-drawing-CnsZ1jie.css","./account-DYovOG-7.js","./account-profile-xtAAtz-j.js","./jsxRuntime.module-CnYUX-XB.js","./time-CLl4T1nq.js","./form-Cz-rZUfQ.js","./actions-sPt1L9Cl.js","./account-profile-BV0BikZp.css","./client-CODAN19X.js","./session-nnEDqHsJ.js","./session-LQEzxrqv.css","./icon-C2q1UHM1.js","./browsers-DOjV3yb6.js","./secret-CHmrabb4.js","./account-DoeA69hs.css","./admin-BW9v6lKy.js","./pager-C-jgpCAO.js","./search-field-1miFSrDU.js","./admin-PlGr0cg0.css","./admin-user-Cg5bNQ2P.js","./dead-letters-B0sibUp1.js","./status-BVNKpSH8.js","./dead-letters-D4Rs9ErM.css","./task-form-ysYHhQE_.js","./imported-DVtfBP_H.js","./json-field-BEEiZhz7.js","./json-field-BqUPxJ1i.css","./secret-references-Q0HJSKET.js","./imported-CKKt9cQh.css","./unsaved-C_xRYznb.js","./secret-names-6fLMhnMa.js","./history-g5KFImf8.js","./status-chips-Clthel_L.js","./run-words-CBg0-OQI.js","./history-BmDOCE8h.css","./task-import-C1B9aeFt.js","./incident-ClsIvX1L.js","./incidents-g4IOue2G.js","./incidents-Cvhcyzio.css","./notifications-beNuhmcb.js","./notifications-BHwAUEZC.css","./queues-DC2sMEb3.js","./run-oLi3KRFk.js","./run-Dznv61Y-.css","./task-BCk0j1kV.js","./public-links-P9vodRM0.js","./definition-BRHBhdLB.js","./public-links-qFWfAL80.css","./bulk-BCfVROo4.js","./task-BaQwJQI0.css","./tasks-FkR38U4c.js","./edit-workflow-czo1V6V-.js","./code-editor-Dvf21D94.js","./code-editor-CGxeMVAw.css","./browser-C-BMMlsY.js","./graph-BpLxiVoT.js","./graph-BrhHMOWU.css","./workflow-ugUEtgK-.js","./runs-Ca3pN2MC.js","./runs-B5DkI4Gw.css","./delete-workflow-DYrwKmyx.js","./run-form-DCCbP4Gg.js","./workflow-run-qje5xFVH.js","./workflows-EZ56ABM5.js"])))=>i.map(i=>d[i]);
/*! Licenses of the bundled packages: /assets/licences.md */
import{i as e,r as t}from"./session-nnEDqHsJ.js";import{_ as n,a as r,c as i,d as a,f as o,g as s,i as c,n as l,o as u,p as d,s as f,t as p,u as m}from"./jsxRuntime.module-CnYUX-XB.js";import{$ as h,Q as g,X as ee,Z as _,_ as v,a as y,c as te,d as ne,et as re,f as ie,g as ae,h as oe,i as b,l as se,m as ce,n as x,nt as le,o as S,r as ue,t as C,tt as w,u as de,v as T}from"./time-CLl4T1nq.js";import{a as fe,c as pe,i as me,n as he,o as ge,r as _e,s as ve,t as ye}from"./client-CODAN19X.js";import{t as be}from"./icon-C2q1UHM1.js";import{n as xe,r as Se,t as E}from"./status-BVNKpSH8.js";import{n as Ce,r as we,t as Te}from"./run-words-CBg0-OQI.js";function Ee(e,t){for(var n in t)e[n]=t[n];return e}function De(e,t){for(var n in e)if(n!==`__source`&&!(n in t))return!0;for(var r in t)if(r!==`__source`&&e[r]!==t[r])return!0;return!1}function Oe(e,t){var n=t(),r=u({t:{__:n,u:t}}),i=r[0].t,a=r[1];return c(function(){i.__=n,i.u=t,ke(i)&&a({t:i})},[e,n,t]),f(function(){return ke(i)&&a({t:i}),e(function(){ke(i)&&a({t:i})})},[e]),n}function ke(e){try{return!((t=e.__)===(n=e.u())&&(t!==0||1/t==1/n)||t!=t&&n!=n)}catch{return!0}var t,n}function Ae(e,t){this.props=e,this.context=t}(Ae.prototype=new m).isPureReactComponent=!0,Ae.prototype.shouldComponentUpdate=function(e,t){return De(this.props,e)||De(this.state,t)};var je=n.__b;n.__b=function(e){e.type&&e.type.__f&&e.ref&&(e.props.ref=e.ref,e.ref=null),je&&je(e)},typeof Symbol<`u`&&Symbol.for;var Me=n.__e;n.__e=function(e,t,n,r){if(e.then){for(var i,a=t;a=a.__;)if((i=a.__c)&&i.__c)return t.__e??(t.__e=n.__e,t.__k=n.__k||[]),i.__c(e,t)}Me(e,t,n,r)};var Ne=n.unmount;function Pe(e,t,n){return e&&(e.__c&&e.__c.__H&&(e.__c.__H.__.forEach(function(e){typeof e.__c==`function`&&e.__c()}),e.__c.__H=null),(e=Ee({},e)).__c!=null&&(e.__c.__P===n&&(e.__c.__P=t),e.__c.__e=!0,e.__c=null),e.__k=e.__k&&e.__k.map(function(e){return Pe(e,t,n)})),e}function Fe(e,t,n){return e&&n&&(e.__v=null,e.__k=e.__k&&e.__k.map(function(e){return Fe(e,t,n)}),e.__c&&e.__c.__P===t&&(e.__e&&n.appendChild(e.__e),e.__c.__e=!0,e.__c.__P=n)),e}function D(){this.__u=0,this.o=null,this.__b=null}function Ie(e){var t=e.__&&e.__.__c;return t&&t.__a&&t.__a(e)}function Le(e){var t,n,r,i=null;function a(a){if(t||(t=e()).then(function(e){e&&(i=e.default||e),r=!0},function(e){n=e,r=!0}),n)throw n;if(!r)throw t;return i?s(i,a):null}return a.displayName=`Lazy`,a.__f=!0,a}function O(){this.i=null,this.l=null}n.unmount=function(e){var t=e.__c;t&&(t.__z=!0),t&&t.__R&&t.__R(),t&&32&e.__u&&(e.type=null),Ne&&Ne(e)},(D.prototype=new m).__c=function(e,t){var n=t.__c,r=this;r.o??=[],r.o.push(n);var i=Ie(r.__v),a=!1,o=function(){a||r.__z||(a=!0,n.__R=null,i?i(c):c())};n.__R=o;var s=n.__P;n.__P=null;var c=function(){if(!--r.__u){if(r.state.__a){var e=r.state.__a;r.__v.__k[0]=Fe(e,e.__c.__P,e.__c.__O)}var t;for(r.setState({__a:r.__b=null});t=r.o.pop();)t.__P=s,t.forceUpdate()}};r.__u++||32&t.__u||r.setState({__a:r.__b=r.__v.__k[0]}),e.then(o,o)},D.prototype.componentWillUnmount=function(){this.o=[]},D.prototype.render=function(e,t){if(this.__b){if(this.__v.__k){var n=document.createElement(`div`),r=this.__v.__k[0].__c;this.__v.__k[0]=Pe(this.__b,n,r.__O=r.__P)}this.__b=null}var i=t.__a&&s(d,null,e.fallback);return i&&(i.__u&=-33),[s(d,null,t.__a?null:e.children),i]};var Re=function(e,t,n){if(++n[1]===n[0]&&e.l.delete(t),e.props.revealOrder&&(e.props.revealOrder[0]!==`t`||!e.l.size))for(n=e.i;n;){for(;n.length>3;)n.pop()();if(n[1]<n[0])break;e.i=n=n[2]}};(O.prototype=new m).__a=function(e){var t=this,n=Ie(t.__v),r=t.l.get(e);return r[0]++,function(i){var a=function(){t.props.revealOrder?(r.push(i),Re(t,e,r)):i()};n?n(a):a()}},O.prototype.render=function(e){this.i=null,this.l=new Map;var t=a(e.children);e.revealOrder&&e.revealOrder[0]===`b`&&t.reverse();for(var n=t.length;n--;)this.l.set(t[n],this.i=[1,0,this.i]);return e.children},O.prototype.componentDidUpdate=O.prototype.componentDidMount=function(){var e=this;this.l.forEach(function(t,n){Re(e,n,t)})};var ze=typeof Symbol<`u`&&Symbol.for&&Symbol.for(`react.element`)||60103,Be=/^(?:accent|alignment|arabic|baseline|cap|clip(?!PathU)|color|dominant|fill|flood|font|glyph(?!R)|horiz|image(!S)|letter|lighting|marker(?!H|W|U)|overline|paint|pointer|shape|stop|strikethrough|stroke|text(?!L)|transform|underline|unicode|units|v|vector|vert|word|writing|x(?!C))[A-Z]/,Ve=/^on(Ani|Tra|Tou|BeforeInp|Compo)/,He=/[A-Z0-9]/g,Ue=typeof document<`u`,We=function(e){return(typeof Symbol<`u`&&typeof Symbol()==`symbol`?/fil|che|rad/:/fil|che|ra/).test(e)};m.prototype.isReactComponent=!0,[`componentWillMount`,`componentWillReceiveProps`,`componentWillUpdate`].forEach(function(e){Object.defineProperty(m.prototype,e,{configurable:!0,get:function(){return this[`UNSAFE_`+e]},set:function(t){Object.defineProperty(this,e,{configurable:!0,writable:!0,value:t})}})});var Ge=n.event;n.event=function(e){return Ge&&(e=Ge(e)),e.persist=function(){},e.isPropagationStopped=function(){return this.cancelBubble},e.isDefaultPrevented=function(){return this.defaultPrevented},e.nativeEvent=e};var Ke={configurable:!0,get:function(){return this.class}},qe=n.vnode;n.vnode=function(e){typeof e.type==`string`&&function(e){var t=e.props,n=e.type,r={},i=n.indexOf(`-`)==-1;for(var o in t){var s=t[o];if(!(o===`value`&&`defaultValue`in t&&s==null||Ue&&o===`children`&&n===`noscript`||o===`class`||o===`className`)){var c=o.toLowerCase();o===`defaultValue`&&`value`in t&&t.value==null?o=`value`:o===`download`&&!0===s?s=``:c===`translate`&&s===`no`?s=!1:c[0]===`o`&&c[1]===`n`?c===`ondoubleclick`?o=`ondblclick`:c!==`onchange`||n!==`input`&&n!==`textarea`||We(t.type)?c===`onfocus`?o=`onfocusin`:c===`onblur`?o=`onfocusout`:Ve.test(o)&&(o=c):c=o=`oninput`:i&&Be.test(o)?o=o.replace(He,`-$&`).toLowerCase():s===null&&(s=void 0),c===`oninput`&&r[o=c]&&(o=`oninputCapture`),r[o]=s}}n==`select`&&(r.multiple&&Array.isArray(r.value)&&(r.value=a(t.children).forEach(function(e){e.props.selected=r.value.indexOf(e.props.value)!=-1})),r.defaultValue!=null&&(r.value=a(t.children).forEach(function(e){e.props.selected=r.multiple?r.defaultValue.indexOf(e.props.value)!=-1:r.defaultValue==e.props.value}))),t.class&&!t.className?(r.class=t.class,Object.defineProperty(r,"className",Ke)):t.className&&(r.class=r.className=t.className),e.props=r}(e),e.$$typeof=ze,qe&&qe(e)};var Je=n.__r;n.__r=function(e){Je&&Je(e),e.__c};var Ye=n.diffed;n.diffed=function(e){Ye&&Ye(e);var t=e.props,n=e.__e;n!=null&&e.type===`textarea`&&`value`in t&&t.value!==n.value&&(n.value=t.value==null?``:t.value)};function Xe(e){return addEventListener(`hashchange`,e),()=>removeEventListener(`hashchange`,e)}function Ze(){let[e=``,t=``]=location.hash.replace(/^#?\/?/,``).split(`?`,2);return[`/${e}`,t]}function Qe(e,t={}){let n=new URL(`#${e}`,location.href).href;if(!rt(n))return $e(n,t);it().then(e=>e&&$e(n,t))}function $e(e,{replace:t=!1}){let n=location.href;history[t?`replaceState`:`pushState`](null,``,e),A=e,dispatchEvent(new HashChangeEvent(`hashchange`,{oldURL:n,newURL:e}))}var k=null,A=location.href;function et(e){return k=e,()=>{k===e&&(k=null)}}function tt(){k=null}function nt(){return k!==null}function rt(e){return k!==null&&e.split(`?`,1)[0]!==A.split(`?`,1)[0]}async function it(){let e=await k?.()??!0;return e&&(k=null),e}addEventListener(`hashchange`,e=>{e.isTrusted&&(rt(location.href)?(e.stopImmediatePropagation(),history.pushState(null,``,A),it().then(e=>e&&history.back())):A=location.href)});function at(){return[Oe(Xe,()=>Ze()[0]),Qe]}at.hrefs=e=>`#${e}`;function ot(){return Oe(Xe,()=>Ze()[1])}function st(){let[e,t]=w(),n=le(),r=i(r=>{let i=new URLSearchParams(n);for(let[e,t]of Object.entries(r))t?i.set(e,t):i.delete(e);let a=i.toString();t(a?`${e}?${a}`:e,{replace:!0})},[e,t,n]);return[new URLSearchParams(n),r]}var ct=1e4,j=ee([]),lt=0;function M(e,{undo:t,ended:n,isProblem:r=!1}={}){lt+=1,j.value=[...j.value,{id:lt,text:e,undo:t,ended:n,isProblem:r}];for(let{id:e}of j.value.slice(0,-3))N(e)}function ut(e){j.value=j.value.filter(t=>t.id!==e)}function N(e){let t=j.value.find(t=>t.id===e);ut(e),t?.ended?.()}function dt(){for(let{id:e,ended:t}of j.value)t&&N(e)}function ft(){j.value=[]}function pt(){return p(`div`,{class:`toasts`,role:`status`,"aria-live":`polite`,children:j.value.map(e=>p(mt,{...e},e.id))})}function mt({id:e,text:t,undo:n,isProblem:r}){let[i,a]=u(!1);return f(()=>{if(i)return;let t=setTimeout(()=>N(e),ct);return()=>clearTimeout(t)},[e,i]),p(`div`,{class:r?`toast bad`:`toast`,onMouseEnter:()=>a(!0),onMouseLeave:()=>a(!1),onFocusCapture:()=>a(!0),onBlurCapture:()=>a(!1),children:[p(`span`,{children:t}),n&&p(`button`,{type:`button`,class:`link`,onClick:()=>(ut(e),void n()),children:`Undo`}),p(`button`,{type:`button`,class:`quiet`,"aria-label":`Dismiss`,onClick:()=>N(e),children:`✕`})]})}var ht=2e3,P=ee(new Set),F=new Set;function gt(e){return P.value.has(e)}function _t(e){return e.filter(({id:e})=>!P.value.has(e))}function vt(e,t,{ids:n,text:r,calls:i}){fe.token().catch(()=>null),P.value=new Set([...P.value,...n]);let a=async()=>{let r=(await Promise.all(i.map(n=>bt(e,t,n)))).find(Boolean);r!==void 0&&(yt(n),M(`It could not be deleted. ${r}`,{isProblem:!0}))};M(r,{undo:()=>yt(n),ended:()=>{let e=a().finally(()=>F.delete(e));F.add(e)}})}function yt(e){let t=new Set(e);P.value=new Set([...P.value].filter(e=>!t.has(e)))}async function bt(e,t,n){let{data:r,error:i}=await e.mutation(t,n,{fetchOptions:{keepalive:!0}}).toPromise();return i?i.graphQLErrors[0]?.message??`The server cannot be reached.`:Object.values(r??{}).flatMap(({userErrors:e,results:t=[]})=>[...e,...t.flatMap(e=>e.userErrors)])[0]?.message??``}async function xt(){dt(),await Promise.race([Promise.all(F),new Promise(e=>setTimeout(e,ht))])}function St(){ft(),P.value=new Set}addEventListener(`pagehide`,dt);var Ct=400;function wt(){let[e,t]=u(!1);return f(()=>{let e=setTimeout(()=>t(!0),Ct);return()=>clearTimeout(e)},[]),p(`main`,{class:`sign-in`,"aria-busy":`true`,children:e&&p(`p`,{class:`restoring`,role:`status`,children:[p(`img`,{src:be,alt:``,width:`26`,height:`26`}),` Connecting to the server…`]})})}function Tt(e){let[n,r]=u(``),[i,a]=u(!1),o=async n=>{n.preventDefault();let i=new FormData(n.currentTarget);a(!0),r(``);try{await e(i)}catch(e){r(e instanceof t?e.message:String(e))}a(!1)};return{submit:e=>void o(e),isBusy:i,problem:n}}function Et({submission:e,children:t}){return p(`form`,{onSubmit:e.submit,children:t})}function Dt({submission:e,label:t}){return p(d,{children:[p(`p`,{class:`problem`,role:`alert`,children:e.problem}),p(`button`,{class:`main`,disabled:e.isBusy,children:t})]})}var Ot=`mutation ($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) { userErrors { message } }
}`;function kt({email:n}){let[r,i]=u(null),a=Tt(async n=>{let r=String(n.get(`email`)),{requestPasswordReset:a}=await e(Ot,{input:{email:r}}),o=a.userErrors.map(({message:e})=>e).join(` `);if(o)throw new t(o);i(r)});return r===null?p(Et,{submission:a,children:[p(`p`,{class:`hint`,children:`You get a mail with a link to choose a new password.`}),p(`label`,{children:[`Email address`,p(`input`,{name:`email`,type:`email`,required:!0,autocomplete:`username`,autofocus:!0,defaultValue:n})]}),p(Dt,{submission:a,label:`Send reset link`})]}):p(`p`,{class:`notice`,role:`status`,children:[`If `,r,` has an account, a mail is on its way to it. The link in it works for an hour. Nothing there? Look into the spam folder.`]})}var At={logIn:`Sign in`,signUp:`Create an account`,forgot:`Reset your password`},jt=`{ installation { isSignUpOpen } }`;function Mt(){return f(()=>{document.title=`Sign in · Tocsin`},[]),p(`main`,{class:`sign-in`,children:p(Pt,{})})}function Nt({email:e}){let t=l(null);return f(()=>t.current?.showModal(),[]),p(`dialog`,{ref:t,class:`sign-in`,"aria-label":`Sign in`,onCancel:e=>e.preventDefault(),children:p(Pt,{email:e,children:p(`p`,{class:`notice warn`,role:`status`,children:`Your session has ended. Sign in again to go on where you were.`})})})}function Pt({email:e=``,children:t}){let[n,r]=u(`logIn`),[i,a]=u(e),o=It();return p(`section`,{class:`card`,"aria-label":At[n],children:[p(`h1`,{children:[p(`img`,{src:be,alt:``,width:`26`,height:`26`}),` Tocsin`]}),t,p(`h2`,{children:At[n]}),n===`forgot`&&p(kt,{email:i}),n!==`forgot`&&p(Lt,{way:n,email:i,setEmail:a},n),p(`p`,{class:`ways`,children:[n!==`logIn`&&p(Ft,{label:`Sign in`,go:()=>r(`logIn`)}),n===`logIn`&&o&&p(Ft,{label:`Create an account`,go:()=>r(`signUp`)}),n===`logIn`&&o===!1&&p(`span`,{class:`faint`,children:`Accounts are created by invitation.`}),n===`logIn`&&p(Ft,{label:`Forgot your password?`,go:()=>r(`forgot`)})]})]})}function Ft({label:e,go:t}){return p(`button`,{type:`button`,class:`link`,onClick:t,children:e})}function It(){let[t,n]=u();return f(()=>{e(jt,{}).then(({installation:e})=>n(e.isSignUpOpen),()=>void 0)},[]),t}function Lt({way:e,email:t,setEmail:n}){let r=Tt(t=>fe[e](String(t.get(`email`)),String(t.get(`password`)))),i=e===`signUp`;return p(Et,{submission:r,children:[p(`label`,{children:[`Email address`,p(`input`,{name:`email`,type:`email`,required:!0,autocomplete:`username`,autofocus:!t,value:t,onInput:e=>n(e.currentTarget.value)})]}),p(`label`,{children:[`Password`,p(`input`,{name:`password`,type:`password`,required:!0,autocomplete:i?`new-password`:`current-password`,autofocus:!!t,"aria-describedby":i?`password-hint`:void 0})]}),i&&p(`p`,{class:`hint`,id:`password-hint`,children:`10 to 128 characters. Common passwords are refused.`}),p(Dt,{submission:r,label:At[e]})]})}var Rt=200;function zt({title:e,children:t}){return p(`div`,{class:`empty`,children:[p(`p`,{class:`title`,children:e}),t]})}function I({message:e,retry:t}){return p(`div`,{class:`empty`,role:`alert`,children:[p(`p`,{class:`title`,children:`This could not be loaded`}),p(`p`,{children:e}),p(`button`,{type:`button`,onClick:t,children:`Try again`})]})}function Bt({count:e=5}){let[t,n]=u(!1);return f(()=>{let e=setTimeout(()=>n(!0),Rt);return()=>clearTimeout(e)},[]),p(`div`,{class:`loading`,role:`status`,"aria-label":`Loading`,children:t&&Array.from({length:e},(e,t)=>p(`div`,{class:`line`},t))})}function Vt(){return p(zt,{title:`There is no such page`,children:p(_,{href:`/`,children:`Go to the overview`})})}function Ht({status:e}){let t=e===`OPEN`;return p(`span`,{class:t?`status bad`:`status good`,children:[p(`span`,{"aria-hidden":`true`,children:p(xe,{status:t?`FAILED`:`COMPLETED`})}),t?`Failing`:`Over`]})}var Ut={DNS:`cannot be found`,CONNECT:`cannot be connected to`,TLS:`has a problem with its certificate or encryption`,TIMEOUT:`does not answer in time`,PROTOCOL:`does not speak HTTP as it should`,HTTP_STATUS:`answers with errors`};function Wt({cause:e,host:t,errorKind:n,subjects:r}){return e===`HOST`&&t?`${t} ${Ut[n??``]??`fails`}`:`${r.nodes[0]?.name??(e===`WORKFLOW`?`A workflow`:`A task`)} fails`}function L({children:e}){return p(`svg`,{class:`icon`,viewBox:`0 0 16 16`,width:`16`,height:`16`,"aria-hidden":`true`,focusable:`false`,children:e})}var R={fill:`none`,stroke:`currentColor`,"stroke-width":1.5,"stroke-linecap":`round`,"stroke-linejoin":`round`},Gt=()=>p(L,{children:p(`path`,{...R,d:`M2.5 7.5 8 2.75l5.5 4.75V13a.5.5 0 0 1-.5.5H3a.5.5 0 0 1-.5-.5z`})}),Kt=()=>p(L,{children:[p(`circle`,{...R,cx:`8`,cy:`8`,r:`5.75`}),p(`path`,{...R,d:`M8 4.75V8l2.25 1.5`})]}),qt=()=>p(L,{children:p(`path`,{...R,d:`M2.5 4h11M2.5 8h11M2.5 12h7`})}),Jt=()=>p(L,{children:p(`path`,{...R,d:`M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5`})}),Yt=()=>p(L,{children:p(`path`,{...R,d:`M5 3.5v9l7-4.5z`})}),Xt=()=>p(L,{children:p(`path`,{...R,d:`M5.5 3.5v9M10.5 3.5v9`})}),Zt=()=>p(L,{children:p(`path`,{...R,d:`M13 8a5 5 0 1 1-1.7-3.75M13 2.5v2.5h-2.5`})}),Qt=()=>p(L,{children:[p(`rect`,{...R,x:`2.5`,y:`3`,width:`11`,height:`4`,rx:`1`}),p(`rect`,{...R,x:`2.5`,y:`9.5`,width:`11`,height:`3.5`,rx:`1`})]}),$t=()=>p(L,{children:p(`path`,{...R,d:`M3.5 11.5h9L11.25 9.5V7a3.25 3.25 0 0 0-6.5 0v2.5zM6.75 13.5h2.5`})}),en=()=>p(L,{children:[p(`circle`,{...R,cx:`3.75`,cy:`8`,r:`1.75`}),p(`circle`,{...R,cx:`12.25`,cy:`4`,r:`1.75`}),p(`circle`,{...R,cx:`12.25`,cy:`12`,r:`1.75`}),p(`path`,{...R,d:`M5.5 7.5 10.5 4.75M5.5 8.5l5 2.75`})]}),tn=()=>p(L,{children:p(`path`,{...R,d:`M8 2.25 13 4v3.75c0 3-2.1 5-5 6-2.9-1-5-3-5-6V4z`})}),nn=()=>p(L,{children:[p(`rect`,{...R,x:`5.5`,y:`5.5`,width:`8`,height:`8`,rx:`1.5`}),p(`path`,{...R,d:`M10.5 3.25a1 1 0 0 0-1-.75h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 .75 1`})]}),rn=()=>p(L,{children:p(`path`,{...R,d:`m3 8.5 3.25 3.25L13 5`})}),an=()=>p(L,{children:p(`path`,{...R,d:`M8 2.75 14 13H2zM8 6.75v3M8 11.25v.01`})}),on=()=>p(L,{children:p(`path`,{...R,d:`M2.5 4h11v8.5h-11zM2.5 4.25 8 8.75l5.5-4.5`})}),sn=()=>p(L,{children:p(`path`,{...R,d:`M2.5 4.5h11M2.5 8h11M2.5 11.5h11`})}),cn=()=>p(L,{children:p(`path`,{...R,d:`M8 3v10M3 8h10`})}),ln=()=>p(L,{children:p(`path`,{...R,d:`m9.5 4.25 2.25 2.25M3 13l.75-3L10.5 3.25a1.06 1.06 0 0 1 1.5 0l.75.75a1.06 1.06 0 0 1 0 1.5L6 12.25z`})}),un=()=>p(L,{children:p(`path`,{...R,d:`M3 4.5h10M6.25 4.5v-1.75h3.5v1.75M4.25 4.5l.5 8.75h6.5l.5-8.75M6.75 7v4M9.25 7v4`})}),dn=()=>p(L,{children:[p(`rect`,{...R,x:`5.75`,y:`5.75`,width:`7.5`,height:`7.5`,rx:`1.25`}),p(`path`,{...R,d:`M3.5 10.25h-.25a.5.5 0 0 1-.5-.5v-6.5a.5.5 0 0 1 .5-.5h6.5a.5.5 0 0 1 .5.5v.25`})]}),fn=()=>p(L,{children:p(`path`,{...R,d:`M8 2.75v7M5 7l3 3 3-3M3 13h10`})}),pn=({direction:e})=>p(L,{children:p(`path`,{...R,d:e===`ascending`?`M8 12.5v-9M4.75 6.5 8 3.25l3.25 3.25`:`M8 3.5v9M4.75 9.5 8 12.75l3.25-3.25`})});function mn({outcomes:e}){return e.length===0?null:p(`span`,{class:`small-strip`,role:`img`,"aria-label":hn(e),title:hn(e),children:e.map(({runId:e,status:t})=>p(`i`,{class:Se(t).tone},e))})}function hn(e){let t=new Map;for(let{status:n}of e)t.set(n,(t.get(n)??0)+1);let n=[...t].map(([e,t])=>`${t} ${Se(e).word.toLowerCase()}`);return`Of the latest ${e.length}: ${n.join(`, `)}`}var gn=T(`
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
`),_n=T(`
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
  `,[gn]),vn=[`FAILED`,`RETRY`,`RUNNING`,`PENDING`,`COMPLETED`,`PAUSED`,`CANCELLED`],yn=T(`
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
`),bn=new Map([[`name`,{field:`NAME`,direction:`ASC`}],[`-name`,{field:`NAME`,direction:`DESC`}],[`due`,{field:`NEXT_RUN_AT`,direction:`ASC`}],[`-due`,{field:`NEXT_RUN_AT`,direction:`DESC`}],[`created`,{field:`CREATED_AT`,direction:`ASC`}]]),xn={field:`CREATED_AT`,direction:`DESC`};function Sn(e){let t=e.get(`status`)?.split(`,`)??[];return vn.filter(e=>t.includes(e))}function Cn(e){let t=Sn(e),n=e.get(`text`),r=e.getAll(`tag`);return{...t.length>0&&{status:t},...n&&{text:n},...r.length>0&&{tags:r}}}function wn(e){return bn.get(e.get(`sort`)??``)??xn}function Tn({tasks:e,selection:t,sort:n,chooseTag:r}){return p(`div`,{class:`table-frame`,children:p(`table`,{class:`tasks`,children:[p(`thead`,{children:p(`tr`,{children:[t&&p(`th`,{class:`select`,children:p(On,{ids:e.map(({id:e})=>e),selection:t})}),p(`th`,{children:`Status`}),p(En,{name:`Task`,column:`name`,sort:n}),p(`th`,{class:`schedule`,children:`Schedule`}),p(En,{name:`Next due`,column:`due`,sort:n}),p(`th`,{class:`last`,children:`Last run`}),p(`th`,{class:`outcomes`,children:`Latest outcomes`})]})}),p(`tbody`,{children:e.map(n=>p(`tr`,{class:t?.has(n.id)?`selected`:void 0,children:[t&&p(`td`,{class:`select`,children:p(Dn,{task:n,tasks:e,selection:t})}),p(`td`,{class:`status-cell`,children:p(E,{status:n.status})}),p(`td`,{class:`name`,children:p(kn,{task:n,chooseTag:r})}),p(`td`,{class:`schedule`,title:n.schedule.summary,children:p(An,{schedule:n.schedule})}),p(`td`,{class:`due nowrap`,children:n.nextRunAt?p(C,{at:n.nextRunAt}):p(`span`,{class:`faint`,children:`–`})}),p(`td`,{class:`last nowrap`,children:p(jn,{run:n.lastRun,failures:n.consecutiveFailures})}),p(`td`,{class:`outcomes`,children:p(mn,{outcomes:n.recentOutcomes})})]},n.id))})]})})}function En({name:e,column:t,sort:n}){if(!n)return p(`th`,{children:e});let r=n.by===t?`ascending`:n.by===`-${t}`?`descending`:void 0,i=r===void 0?t:r===`ascending`?`-${t}`:``;return p(`th`,{"aria-sort":r??`none`,children:p(`button`,{type:`button`,class:`sort`,onClick:()=>n.change(i),children:[e,r&&p(pn,{direction:r})]})})}function Dn({task:e,tasks:t,selection:n}){return p(`label`,{class:`box`,children:p(`input`,{type:`checkbox`,"aria-label":`Select ${e.name}`,checked:n.has(e.id),onClick:r=>n.toggle(e.id,r.shiftKey,t)})})}function On({ids:e,selection:t}){let n=e.filter(e=>t.has(e)).length,r=n===e.length&&n>0;return p(`label`,{class:`box`,children:p(`input`,{type:`checkbox`,"aria-label":`Select all tasks on this page`,checked:r,indeterminate:n>0&&!r,onChange:()=>t.set(r?[]:e)})})}function kn({task:e,chooseTag:t}){return p(d,{children:[p(_,{href:`/tasks/${e.id}`,class:`row-link`,title:e.description||void 0,children:e.name}),e.tags.map(e=>t?p(`button`,{type:`button`,class:`tag`,title:`Show tasks with the tag ${e}`,onClick:()=>t(e),children:e},e):p(`span`,{class:`tag`,children:e},e))]})}function An({schedule:e}){return e.__typename===`OnceSchedule`?p(d,{children:[`once, `,p(C,{at:e.at,as:`moment`})]}):p(d,{children:e.description})}function jn({run:e,failures:t}){return e===null?p(`span`,{class:`faint`,children:`not yet`}):p(_,{href:`/runs/${e.id}`,class:`last-run`,children:[p(xe,{status:e.status}),` `,p(C,{at:e.finishedAt??e.dueAt}),t>1&&p(`span`,{class:`bad-text`,title:`${t} failures in a row`,children:[` · `,t,` in a row`]})]})}var Mn=T(`
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
`);function Nn({incidents:e,tasks:t}){return e.length>0?p(b,{title:`Failing now`,aside:p(_,{href:`/incidents`,children:`All incidents`}),children:p(`ul`,{class:`failing`,children:e.map(e=>p(Pn,{incident:e},e.id))})}):t.length===0?null:p(b,{title:`Failing now`,aside:p(_,{href:`/tasks?status=FAILED`,children:`All failed tasks`}),children:p(Tn,{tasks:t})})}function Pn({incident:e}){let{id:t,openedAt:n,lastFailureAt:r,failures:i,subjectCount:a}=e;return p(`li`,{children:[p(xe,{status:`FAILED`}),p(_,{href:`/incidents/${t}`,children:Wt(e)}),p(`span`,{class:`faint`,children:[a>1&&`${a} tasks · `,i,` `,i===1?`failure`:`failures`,`, first `,p(C,{at:n}),`, last `,p(C,{at:r})]})]})}var Fn={name:`Is example.com up?`,tags:[`example`],job:{http:{url:`https://example.com/`}},schedule:{every:{interval:`PT5M`}}},In=(function(){let e=typeof document<`u`&&document.createElement(`link`).relList;return e&&e.supports&&e.supports(`modulepreload`)?`modulepreload`:`preload`})(),Ln=function(e,t){return new URL(e,t).href},Rn={},zn=function(e){return e.pathname.endsWith(`.css`)},Bn=function(e,t,n){if(t in e)return e[t];let r=n();if(!r){e[t]=void 0;return}let i=r.then(()=>{e[t]=void 0},n=>{throw e[t]=void 0,n});return e[t]=i,i},z=function(e,t,n){let r=Promise.resolve();if(t&&t.length>0){let e,i=document.querySelector(`meta[property=csp-nonce]`),a=i?.nonce||i?.getAttribute(`nonce`);function o(e){return Promise.all(e.map(e=>Promise.resolve(e).then(e=>({status:`fulfilled`,value:e}),e=>({status:`rejected`,reason:e}))))}function s(e){return import.meta.resolve?new URL(import.meta.resolve(e)):new URL(e,import.meta.url)}r=o(t.map(t=>{t=Ln(t,n);let r=s(t),i=zn(r);return Bn(Rn,r.href,()=>{if(e===void 0){e={all:new Set,styles:new Set};let t=document.getElementsByTagName(`link`);for(let n=t.length-1;n>=0;n--){let r=t[n];e.all.add(r.href),r.rel===`stylesheet`&&e.styles.add(r.href)}}if((i?e.styles:e.all).has(r.href))return;let t=document.createElement(`link`);if(t.rel=i?`stylesheet`:In,i||(t.as=`script`),t.crossOrigin=``,t.href=r.href,a&&t.setAttribute(`nonce`,a),document.head.appendChild(t),i)return new Promise((e,n)=>{let i=a=>{t.removeEventListener(`load`,i),t.removeEventListener(`error`,i),a.type===`error`?n(Error(`Unable to preload CSS for ${r}`)):e(a)};t.addEventListener(`load`,i),t.addEventListener(`error`,i)})})}).filter(e=>e!==void 0))}function i(e){let t=new Event(`vite:preloadError`,{cancelable:!0});if(t.payload=e,window.dispatchEvent(t),!t.defaultPrevented)throw e}return r.then(t=>{for(let e of t||[])e.status===`rejected`&&i(e.reason);return e().catch(i)})},Vn=T(`
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
`),Hn=T(`mutation DeleteExampleTask($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`),Un=T(`
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
`),Wn=Object.assign({"../../../../src/tocsin/workflows/samples/country_report.yaml":()=>z(()=>import(`./country_report-CbOsoJ2P.js`).then(e=>e.default),[],import.meta.url),"../../../../src/tocsin/workflows/samples/failing_flow.yaml":()=>z(()=>import(`./failing_flow-ost2HdVC.js`).then(e=>e.default),[],import.meta.url),"../../../../src/tocsin/workflows/samples/hello_world.yaml":()=>z(()=>import(`./hello_world-CbjeIMjd.js`).then(e=>e.default),[],import.meta.url),"../../../../src/tocsin/workflows/samples/invoice_pdf.yaml":()=>z(()=>import(`./invoice_pdf-CriCOSmK.js`).then(e=>e.default),[],import.meta.url)});function Gn({done:e}){let{client:t}=ae(),[n,r]=u(``),[i,a]=u(!1),o=async t=>{a(!0),r(await t()),a(!1),e()},s=async()=>{let{data:e,error:n}=await t.mutation(Vn,{input:Fn}).toPromise(),r=e?.createTask.task;return r?(M(`Created “${r.name}”`,{undo:()=>t.mutation(Hn,{id:r.id}).toPromise()}),``):e?.createTask.userErrors[0]?.message??n?.message??``},c=async()=>{await xt();let e=[];for(let n of Object.values(Wn)){let{data:r,error:i}=await t.mutation(Un,{yaml:await n()}).toPromise(),a=r?.saveWorkflow.workflow;if(!a)return r?.saveWorkflow.userErrors[0]?.message??i?.message??``;e.push(a.name)}return M(`Saved the workflows ${e.join(`, `)}`),``};return p(`section`,{class:`first-step`,"aria-label":`First step`,children:[p(`h2`,{children:`Begin with a task`}),p(`p`,{class:`faint`,children:`A task calls a URL by a schedule. What is due, what runs and what failed then appears here by itself.`}),p(`ul`,{children:[p(`li`,{children:[p(`h3`,{children:`Write your own`}),p(`p`,{children:`A URL, a schedule and what to do about failures. The form begins with an example.`}),p(_,{href:`/tasks/new`,class:`button main`,children:`New task`})]}),p(`li`,{children:[p(`h3`,{children:`Try an example`}),p(`p`,{children:`It asks every five minutes whether example.com is up, and tells you when it is not.`}),p(`button`,{type:`button`,disabled:i,onClick:()=>void o(s),children:`Create the example task`})]}),p(`li`,{children:[p(`h3`,{children:`See whole workflows`}),p(`p`,{children:[Object.keys(Wn).length,` samples: steps that depend on each other, retries, a report, an approval.`]}),p(`button`,{type:`button`,disabled:i,onClick:()=>void o(c),children:`Load the samples`})]})]}),p(`p`,{class:`problem`,role:`alert`,children:n}),p(`p`,{class:`faint`,children:[`Everything here can be done by programs, too: see the `,p(`a`,{href:`playground`,children:`playground`}),`.`]})]})}var B=6e4,Kn=60*B,qn=10*B,Jn=390,Yn=T(`
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
`),V={key:()=>`tocsin:seen:${pe.value??``}`,read:()=>Number(localStorage.getItem(V.key())??0),note:()=>localStorage.setItem(V.key(),String(Date.now()))},Xn=new Map;function Zn(){let e=V.key(),[t,n]=u(()=>Xn.get(e)??V.read());return f(()=>{Xn.set(e,t);let n=()=>{document.hidden||V.note()};n();let r=setInterval(n,B);return document.addEventListener(`visibilitychange`,n),()=>{clearInterval(r),document.removeEventListener(`visibilitychange`,n)}},[e,t]),[t>0&&Date.now()-t>qn?t:null,()=>n(Date.now())]}function Qn(){let[e,t]=Zn();return e===null?null:p($n,{since:e,dismiss:t})}function $n({since:e,dismiss:t}){let n=new Date(e).toISOString(),{data:r}=v(Yn,{filter:{dueAt:{from:n}},bucket:er(Date.now()-e)});if(!r)return null;let{total:i,failed:a}=r.runStatistics.total,o=r.incidents.nodes.filter(({openedAt:t})=>Date.parse(t)>=e);return p(`p`,{class:`last-visit`,role:`status`,children:[p(`span`,{children:[`Since your last visit `,p(C,{at:n}),`: `,i===0?`nothing has run`:p(_,{href:`/runs`,children:[y(i),` runs`]}),a>0&&p(d,{children:[`, `,p(_,{href:`/runs?status=FAILED`,class:`bad-text`,children:[y(a),` failed`]})]}),o.length>0&&p(d,{children:[`, `,p(_,{href:`/incidents?show=all`,children:o.length===1?`1 incident`:`${o.length} incidents`})]}),`.`]}),p(`button`,{type:`button`,class:`quiet`,onClick:t,children:`Dismiss`})]})}function er(e){return e<Jn*B?`MINUTE`:e<Jn*Kn?`HOUR`:`DAY`}function tr({bars:e,label:t}){let n=Math.max(...e.map(({total:e})=>e),1);return p(`span`,{class:`spark`,role:`img`,"aria-label":t,title:t,children:e.map(({total:e,failed:t},r)=>p(`span`,{class:`bar`,children:[e>t&&p(`span`,{class:`rest`,style:{height:`${Math.max((e-t)/n*100,12)}%`}}),t>0&&p(`span`,{class:`failed`,style:{height:`${Math.max(t/n*100,12)}%`}})]},r))})}var nr=T(`
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
`);function rr({queues:e}){return p(b,{title:`Queues`,aside:p(_,{href:`/queues`,children:`All queues`}),children:p(`ul`,{class:`depths`,children:e.map(e=>p(`li`,{children:[p(`span`,{class:`name`,children:[e.name,` `,e.paused&&p(E,{status:`PAUSED`})]}),p(`span`,{class:`faint`,children:[p(`b`,{children:y(e.depth)}),` queued`,e.oldestQueuedAt&&p(d,{children:[` (since `,p(C,{at:e.oldestQueuedAt}),`)`]}),`, `,p(`b`,{children:y(e.running)}),` running`]}),p(ir,{queue:e})]},e.name))})})}function ir({queue:{lastHour:e}}){let t=e.reduce((e,t)=>e+t.total,0),n=e.reduce((e,t)=>e+t.failed,0);return p(tr,{bars:e,label:`Last hour: ${y(t)} runs${n?`, ${y(n)} failed`:``}`})}var ar=170;function or(e){let{label:t,series:n,height:r=ar,summary:i}=e,[a,o]=u(null),s=l(null);sr(s,e,r,o);let c=a!==null&&a<e.times.length?a:null;return p(`figure`,{class:`chart`,children:[p(`figcaption`,{children:[p(`span`,{class:`label`,children:t}),p(`span`,{class:`legend`,children:[n.map(t=>p(`span`,{class:`key ${t.tone} as-${t.kind}`,children:[t.name,` `,p(`b`,{children:c===null?``:lr(t.values[c],e.format)})]},t.name)),p(`span`,{class:`at`,children:c===null?``:se(e.times[c]??0,x.peek())})]})]}),p(`div`,{ref:s,class:e.onPick?`plot picks`:`plot`,style:{height:`${r}px`},role:`img`,"aria-label":i?`${t}: ${i}`:t}),p(cr,{...e})]})}function sr(e,t,n,r){let i=l(null),a=l(t);a.current=t,f(()=>{let t=!0;return z(async()=>{let{draw:e}=await import(`./chart-drawing-IqziHX1a.js`);return{draw:e}},__vite__mapDeps([0,1]),import.meta.url).then(({draw:o})=>{t&&e.current&&(i.current=o(e.current,a.current,n,{point:r,pick:e=>a.current.onPick?.(e)}))}),()=>{t=!1,i.current?.close(),i.current=null}},[]);let{times:o,series:s,from:c,to:u}=t;f(()=>i.current?.update(a.current),[JSON.stringify([o,s,c,u])])}function cr({label:e,times:t,series:n,format:r}){let[i,a]=u(!1),o=t.map((e,t)=>({time:e,index:t})).filter(({index:e})=>n.some(({values:t})=>t[e]!==null));return p(`details`,{onToggle:({currentTarget:e})=>a(e.open),children:[p(`summary`,{children:[`Values`,p(`span`,{class:`hidden`,children:[` of `,e]})]}),i&&p(`div`,{class:`table-frame`,children:p(`table`,{children:[p(`thead`,{children:p(`tr`,{children:[p(`th`,{children:`From`}),n.map(({name:e})=>p(`th`,{class:`number`,children:e},e))]})}),p(`tbody`,{children:o.reverse().map(({time:e,index:t})=>p(`tr`,{children:[p(`td`,{class:`nowrap`,title:te(e),children:se(e,x.peek())}),n.map(({name:e,values:n})=>p(`td`,{class:`number`,children:lr(n[t],r)},e))]},e))})]})})]})}function lr(e,t){return e==null?`–`:t(e)}function ur(e,t){let n=e.get(t)??``;return H(n)===null?``:n}function H(e,t=0){let[n,r,i]=/^([1-9]\d{3})-(\d\d)-(\d\d)$/.exec(e)?.slice(1).map(Number)??[];return n===void 0||r===void 0||i===void 0?null:new Date(Date.UTC(n,r-1,i)).toISOString().startsWith(e)?new Date(n,r-1,i+t).toISOString():null}var dr=T(`
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
`);function fr({runs:e,named:t=!1}){return p(`div`,{class:`table-frame`,children:p(`table`,{class:`runs`,children:[p(`thead`,{children:p(`tr`,{children:[p(`th`,{children:`Status`}),t&&p(`th`,{children:`Task`}),p(`th`,{children:`Due`}),p(`th`,{class:`number`,children:`Took`}),p(`th`,{class:`number`,children:`Attempts`}),p(`th`,{class:`wide`,children:`What happened`})]})}),p(`tbody`,{children:e.map(e=>p(`tr`,{children:[p(`td`,{children:p(_,{href:`/runs/${e.id}`,class:`row-link`,children:p(E,{status:e.status})})}),t&&p(`td`,{class:`name`,children:e.taskName}),p(`td`,{class:`nowrap`,children:p(C,{at:e.dueAt,as:`moment`})}),p(`td`,{class:`number`,children:pr(e)}),p(`td`,{class:`number`,children:e.attempts.length||`–`}),p(`td`,{class:`wide faint`,children:mr(e)})]},e.id))})]})})}function pr({startedAt:e,finishedAt:t,status:n}){if(e===null||t===null&&n!==`RUNNING`)return`–`;let r=t===null?x.value:Date.parse(t);return S(Math.max(r-Date.parse(e),0))}function mr(e){return e.status===`RETRY`&&e.nextAttemptAt?p(d,{children:[e.error?.message,` Next attempt `,p(C,{at:e.nextAttemptAt}),`.`]}):e.error?.message??e.reasonText??e.waitingText??(we(e.trigger)||null)}var hr=T(`
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
  `,[dr]),gr=T(`
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
`),_r=[`FAILED`,`RETRY`,`RUNNING`,`QUEUED`,`WAITING`,`COMPLETED`,`SKIPPED`,`MISSED`,`CANCELLED`],vr=Object.keys(Te),yr=Object.keys(Ce);function br(e){let t=e.get(`status`)?.split(`,`)??[];return _r.filter(e=>t.includes(e))}function xr(e){let t=br(e),n=yr.find(t=>t===e.get(`trigger`)),r=vr.find(t=>t===e.get(`error`)),[i,a]=[e.get(`task`),e.get(`name`)],{since:o,until:s}=Sr(e),c=o??H(ur(e,`from`)),l=s??H(ur(e,`to`),1);return{...t.length>0&&{status:t},...n&&{trigger:n},...r&&{errorKind:[r]},...i&&{taskId:i},...a&&{taskName:a},...(c||l)&&{dueAt:{from:c,to:l}}}}function Sr(e){return{since:Cr(e.get(`since`)),until:Cr(e.get(`until`))}}function Cr(e){let t=new Date(e??``);return Number.isNaN(t.getTime())?null:t.toISOString()}function wr(e,t,n){let r=new URLSearchParams({since:new Date(e).toISOString(),until:new Date(t).toISOString()});return n&&r.set(`task`,n),`/runs?${r.toString()}`}var U=36e5,W=24*U,Tr=800,Er=T(`
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
`),Dr=[{name:`1 h`,length:U,bucket:`MINUTE`,span:6e4},{name:`24 h`,length:W,bucket:`HOUR`,span:U},{name:`7 d`,length:7*W,bucket:`HOUR`,span:U}],Or=[...Dr.slice(1),{name:`30 d`,length:30*W,bucket:`DAY`,span:W}];function kr({title:e,scope:t={}}){let n=t.taskId||t.workflow?Or:Dr,[r,i]=u(0),a=n[r]??Or[0],o=Math.ceil((x.value+1)/a.span)*a.span,s=o-a.length,c={filter:{dueAt:{from:new Date(s).toISOString(),to:new Date(o).toISOString()},...t},bucket:a.bucket},{data:l,error:d,reread:f}=v(Er,c,{concerns:e=>ce(e)||oe(e),pace:Tr,slot:JSON.stringify([t,a.name])}),m=p(`span`,{class:`periods`,role:`group`,"aria-label":`Period`,children:n.map(({name:e},t)=>p(`button`,{type:`button`,"aria-pressed":t===r,onClick:()=>i(t),children:e},e))});return p(b,{title:e,aside:m,children:d&&!l?p(I,{message:d,retry:f}):p(Ar,{statistics:l?.runStatistics,scope:t,period:a,from:s,to:o},a.name)})}function Ar({statistics:e,scope:t,period:n,from:r,to:i}){let[,a]=w(),o=e?.buckets??[],s=o.map(e=>Date.parse(e.from)),c=e=>{let r=s[e];r!==void 0&&a(wr(r,r+n.span,t.taskId))},l=!t.workflow&&!t.queue,u={times:s,from:r,to:i,span:n.span,onPick:l?c:void 0},d=[{name:`Failed`,tone:`bad`,kind:`bars`,values:o.map(({failed:e})=>e||null)},{name:`Completed`,tone:`good`,kind:`bars`,values:o.map(({completed:e})=>e||null)},{name:`Not run`,tone:`idle`,kind:`bars`,values:o.map(({total:e,completed:t,failed:n})=>e-t-n||null)}],f=[{name:`Median`,tone:`accent`,kind:`line`,values:o.map(({durationP50Ms:e})=>e)},{name:`95 %`,tone:`busy`,kind:`line`,values:o.map(({durationP95Ms:e})=>e)},{name:`With failures`,tone:`bad`,kind:`points`,values:o.map(({failed:e,durationP95Ms:t})=>e?t:null)}],m=jr(e?.total),{durationP50Ms:h=null,durationP95Ms:g=null}=e?.total??{};return p(`div`,{class:`charts`,children:[p(or,{...u,label:`Success ${m}`,summary:Mr(e?.total),series:d,format:y}),p(or,{...u,label:`Median duration ${h===null?``:S(h)}`,summary:`median ${Nr(h)}, 95 % ${Nr(g)}`,series:f,format:S})]})}function jr(e){if(!e||e.completed+e.failed===0)return``;let t=e.completed/(e.completed+e.failed)*100;return e.failed>0?`${(Math.floor(t*10)/10).toFixed(1)} %`:`100 %`}function Mr(e){return e?`${y(e.completed)} completed, ${y(e.failed)} failed`:`loading`}function Nr(e){return e===null?`unknown`:S(e)}var G=6e4,Pr=60*G,K=15*G,Fr=800,Ir=9*G,Lr=4,q=5,Rr=new Intl.DateTimeFormat(void 0,{hour:`2-digit`,minute:`2-digit`}),zr=T(`
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
`),Br=T(`
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
`),Vr={slot:`hour`,concerns:e=>ce(e)||oe(e),pace:Fr};function Hr(){let e=Math.floor(x.value/G)*G,t=e-Pr,n=e+Pr,r={dueAt:{from:J(t),to:J(e+G)}},i=v(zr,{past:r},Vr).data?.runStatistics,a=v(Br,{hour:{from:J(e),to:J(n)}},Vr).data,o=a?Wr(a,n):[],s=Gr(i,o,t,n);return p(`div`,{class:`timeline`,children:[p(Kr,{minutes:s,begin:t,end:n}),p(`p`,{class:`caption`,children:[p(Xr,{dues:o,isLoaded:a!==void 0}),a&&p(Ur,{tasks:a.tasks})]})]})}function Ur({tasks:{totalCount:e,totalCountIsExact:t,nodes:n}}){return e<=n.length?null:p(`span`,{class:`faint`,children:[` `,`Of `,y(e,t),` tasks, the first `,n.length,` are shown.`]})}function J(e){return new Date(e).toISOString()}function Wr({tasks:e,workflows:t},n){let r=e.nodes.flatMap(({id:e,name:t,nextDueTimes:n})=>n.map(n=>({name:t,href:`/tasks/${e}`,at:Date.parse(n)}))),i=t.nodes.flatMap(({name:e,nextRunAt:t})=>t?[{name:e,href:`/workflows`,at:Date.parse(t)}]:[]);return[...r,...i].filter(({at:e})=>e<n).sort((e,t)=>e.at-t.at)}function Gr(e,t,n,r){let i=Array.from({length:(r-n)/G},(e,t)=>({at:n+t*G,good:0,bad:0,other:0,due:0,names:[]}));for(let{from:t,total:r,completed:a,failed:o}of e?.buckets??[]){let e=i[(Date.parse(t)-n)/G];e&&Object.assign(e,{good:a,bad:o,other:r-a-o})}for(let{at:e,name:r}of t){let t=i[Math.floor((e-n)/G)];t&&(t.due+=1,t.names.includes(r)||t.names.push(r))}return i}function Kr({minutes:e,begin:t,end:n}){let r=e=>`${(e-t)/(n-t)*100}%`,i=Math.max(...e.map(({good:e,bad:t,other:n,due:r})=>e+t+n+r),1),a=e=>`${Math.max(Math.sqrt(e/i)*100,14)}%`;return p(`div`,{class:`track`,role:`img`,"aria-label":Yr(e),children:[Qr(t,n).map(e=>p(`span`,{class:`tick`,style:{left:r(e)},children:Rr.format(e)},e)),e.map(e=>{let t=e.good+e.bad+e.other+e.due;return t===0?null:p(`span`,{class:`minute`,style:{left:r(e.at),height:a(t)},title:Jr(e),children:qr.map(([t,n])=>e[t]>0&&p(`span`,{class:`part ${n}`,style:{flexGrow:e[t]}},t))},e.at)}),p(`span`,{class:`present`,style:{left:r(x.value)}})]})}var qr=[[`due`,`due`],[`other`,`idle`],[`good`,`good`],[`bad`,`bad`]];function Jr({at:e,good:t,bad:n,other:r,due:i,names:a}){let o=[t&&`${t} completed`,n&&`${n} failed`,r&&`${r} not run`,i&&`${i} due`],s=a.length>q?`\nand ${a.length-q} more`:``;return[`${Rr.format(e)} · ${o.filter(Boolean).join(`, `)}`,...a.slice(0,q)].join(`
`)+s}function Yr(e){let t=t=>e.reduce((e,n)=>e+n[t],0);return`In the past hour, ${t(`good`)} runs completed and ${t(`bad`)} failed. In the next hour, ${t(`due`)} are due.`}function Xr({dues:e,isLoaded:t}){let n=Zr(e.filter(({at:e})=>e>x.value)).slice(0,Lr);return n.length===0?p(`span`,{class:`faint`,children:t?`Nothing is due within the hour.`:` `}):p(d,{children:[p(`span`,{class:`faint`,children:`Next: `}),n.map(({name:e,href:t,at:r},i)=>p(`span`,{class:`next`,children:[p(_,{href:t,children:e}),` `,p(`span`,{class:`faint`,children:de(r,x.value)}),i<n.length-1&&`, `]},`${t} ${r}`))]})}function Zr(e){let t=new Set;return e.filter(({name:e,href:n})=>!t.has(`${n} ${e}`)&&t.add(`${n} ${e}`))}function Qr(e,t){let n=Math.ceil(e/K)*K;return Array.from({length:Math.ceil((t-n)/K)},(e,t)=>n+t*K).filter(e=>t-e>Ir)}var $r=T(`
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
  `,[gn,dr,Mn,nr]);function ei({of:e}){return e===`task`||e===`workflow run`||e===`notification`}function ti(){let{data:e,error:t,reread:n}=v($r,{},{concerns:ei}),r=e?.all.totalCount===0&&e.workflows.totalCount===0;return p(ue,{title:`Overview`,children:[t&&!e&&p(I,{message:t,retry:n}),!t&&!e&&p(Bt,{count:8}),e&&(r?p(Gn,{done:n}):p(ni,{data:e}))]})}function ni({data:e}){let{all:t,workflows:n,failing:r,incidents:i,running:a,queued:o,latest:s,queues:c}=e;return p(d,{children:[p(Qn,{}),p(`dl`,{class:`figures`,children:[p(Y,{name:`Running`,href:`/runs?status=RUNNING`,count:a}),p(Y,{name:`Queued`,href:`/runs?status=QUEUED`,count:o}),p(Y,{name:`Open incidents`,href:`/incidents`,count:i,isBad:i.totalCount>0}),p(Y,{name:`Tasks`,href:`/tasks`,count:t}),p(Y,{name:`Workflows`,href:`/workflows`,count:n})]}),p(b,{title:`Past and next hour`,children:p(Hr,{})}),p(Nn,{incidents:i.nodes,tasks:r.nodes}),p(b,{title:`Running now`,children:p(ri,{runs:a.nodes})}),p(kr,{title:`Outcomes and durations`}),c.length>0&&p(rr,{queues:c}),p(b,{title:`Latest runs`,aside:p(_,{href:`/runs`,children:`All runs`}),children:s.nodes.length>0?p(fr,{runs:s.nodes,named:!0}):p(`p`,{class:`faint`,children:`Nothing has run yet.`})})]})}function ri({runs:e}){return p(`div`,{class:`running`,children:e.length>0?p(fr,{runs:e,named:!0}):p(`p`,{class:`faint`,children:`Nothing is running.`})})}function Y({name:e,count:t,href:n,isBad:r=!1}){let i=y(t.totalCount,t.totalCountIsExact);return p(`div`,{children:[p(`dt`,{children:e}),p(`dd`,{class:r?`bad-text`:void 0,children:n?p(_,{href:n,children:i}):i})]})}function X(e){let t;return function(n){let[{Page:r,hasFailed:i},a]=u({Page:t,hasFailed:!1}),o=he.value===!1;return f(()=>{t||e().then(e=>a({Page:t=e,hasFailed:!1}),()=>a({Page:void 0,hasFailed:!0}))},[o]),r?p(r,{...n}):i?p(I,{message:o?`The server cannot be reached.`:`A part of the dashboard is missing.`,retry:()=>location.reload()}):p(Bt,{count:8})}}var ii=X(async()=>(await z(async()=>{let{AccountPage:e}=await import(`./account-DYovOG-7.js`);return{AccountPage:e}},__vite__mapDeps([2,3,4,5,6,7,8,9,10,11,12,13,14,15]),import.meta.url)).AccountPage),ai=X(async()=>(await z(async()=>{let{AdminPage:e}=await import(`./admin-BW9v6lKy.js`);return{AdminPage:e}},__vite__mapDeps([16,9,5,4,10,11,12,3,6,7,8,17,18,13,19]),import.meta.url)).AdminPage),oi=X(async()=>(await z(async()=>{let{AdminUserPage:e}=await import(`./admin-user-Cg5bNQ2P.js`);return{AdminUserPage:e}},__vite__mapDeps([20,5,4,9,10,11,12,6,3,7,8,16,17,18,13,19]),import.meta.url)).AdminUserPage),si=X(async()=>(await z(async()=>{let{DeadLettersPage:e}=await import(`./dead-letters-B0sibUp1.js`);return{DeadLettersPage:e}},__vite__mapDeps([21,4,5,17,6,7,22,23]),import.meta.url)).DeadLettersPage),ci=X(async()=>(await z(async()=>{let{EditTaskPage:e}=await import(`./task-form-ysYHhQE_.js`);return{EditTaskPage:e}},__vite__mapDeps([24,25,4,5,26,27,6,28,29,9,10,11,12,30,31,22]),import.meta.url)).EditTaskPage),li=X(async()=>(await z(async()=>{let{HistoryPage:e}=await import(`./history-g5KFImf8.js`);return{HistoryPage:e}},__vite__mapDeps([32,5,4,33,9,10,11,12,22,17,18,34,35]),import.meta.url)).HistoryPage),ui=X(async()=>(await z(async()=>{let{ImportTasksPage:e}=await import(`./task-import-C1B9aeFt.js`);return{ImportTasksPage:e}},__vite__mapDeps([36,25,4,5,26,27,6,28,29,9,10,11,12]),import.meta.url)).ImportTasksPage),di=X(async()=>(await z(async()=>{let{IncidentPage:e}=await import(`./incident-ClsIvX1L.js`);return{IncidentPage:e}},__vite__mapDeps([37,4,5,17,22,38,7,39]),import.meta.url)).IncidentPage),fi=X(async()=>(await z(async()=>{let{IncidentsPage:e}=await import(`./incidents-g4IOue2G.js`);return{IncidentsPage:e}},__vite__mapDeps([38,4,5,17,7,39]),import.meta.url)).IncidentsPage),pi=X(async()=>(await z(async()=>{let{NewTaskPage:e}=await import(`./task-form-ysYHhQE_.js`);return{NewTaskPage:e}},__vite__mapDeps([24,25,4,5,26,27,6,28,29,9,10,11,12,30,31,22]),import.meta.url)).NewTaskPage),mi=X(async()=>(await z(async()=>{let{NotificationsPage:e}=await import(`./notifications-beNuhmcb.js`);return{NotificationsPage:e}},__vite__mapDeps([40,3,4,5,6,7,8,14,17,30,18,41,19]),import.meta.url)).NotificationsPage),hi=X(async()=>(await z(async()=>{let{QueuesPage:e}=await import(`./queues-DC2sMEb3.js`);return{QueuesPage:e}},__vite__mapDeps([42,4,7,5,9,10,11,12,22,6]),import.meta.url)).QueuesPage),gi=X(async()=>(await z(async()=>{let{RunPage:e}=await import(`./run-oLi3KRFk.js`);return{RunPage:e}},__vite__mapDeps([43,5,4,7,22,28,34,44]),import.meta.url)).RunPage),_i=X(async()=>(await z(async()=>{let{TaskPage:e}=await import(`./task-BCk0j1kV.js`);return{TaskPage:e}},__vite__mapDeps([45,5,4,46,47,6,14,48,22,7,49,9,10,11,12,50]),import.meta.url)).TaskPage),vi=X(async()=>(await z(async()=>{let{TasksPage:e}=await import(`./tasks-FkR38U4c.js`);return{TasksPage:e}},__vite__mapDeps([51,5,4,33,9,10,11,12,22,17,18,49]),import.meta.url)).TasksPage),yi=X(async()=>(await z(async()=>{let{EditWorkflowPage:e}=await import(`./edit-workflow-czo1V6V-.js`);return{EditWorkflowPage:e}},__vite__mapDeps([52,4,5,9,10,11,12,53,54,31,55,30,47,22,56,57]),import.meta.url)).EditWorkflowPage),bi=X(async()=>(await z(async()=>{let{NewWorkflowPage:e}=await import(`./edit-workflow-czo1V6V-.js`);return{NewWorkflowPage:e}},__vite__mapDeps([52,4,5,9,10,11,12,53,54,31,55,30,47,22,56,57]),import.meta.url)).NewWorkflowPage),xi=X(async()=>(await z(async()=>{let{WorkflowPage:e}=await import(`./workflow-ugUEtgK-.js`);return{WorkflowPage:e}},__vite__mapDeps([58,59,4,5,22,34,17,60,46,47,6,14,48,61,56,57,7,62,26,27,55]),import.meta.url)).WorkflowPage),Si=X(async()=>(await z(async()=>{let{WorkflowRunPage:e}=await import(`./workflow-run-qje5xFVH.js`);return{WorkflowRunPage:e}},__vite__mapDeps([63,59,4,5,22,34,17,60,7,47,56,57,62,6,26,27]),import.meta.url)).WorkflowRunPage),Ci=X(async()=>(await z(async()=>{let{WorkflowsPage:e}=await import(`./workflows-EZ56ABM5.js`);return{WorkflowsPage:e}},__vite__mapDeps([64,59,4,5,22,34,17,60,18,61]),import.meta.url)).WorkflowsPage);function wi(){return p(re,{children:[p(g,{path:`/`,children:p(ti,{})}),p(g,{path:`/tasks`,children:p(vi,{})}),p(g,{path:`/tasks/new`,children:p(pi,{})}),p(g,{path:`/tasks/import`,children:p(ui,{})}),p(g,{path:`/tasks/:id/edit`,children:({id:e})=>p(ci,{id:e},e)}),p(g,{path:`/tasks/:id`,children:({id:e})=>p(_i,{id:e},e)}),p(g,{path:`/runs`,children:p(li,{})}),p(g,{path:`/runs/:id`,children:({id:e})=>p(gi,{id:e},e)}),p(g,{path:`/workflows`,children:p(Ci,{})}),p(g,{path:`/workflows/new`,children:p(bi,{})}),p(g,{path:`/workflows/:id/edit`,children:({id:e})=>p(yi,{id:e},e)}),p(g,{path:`/workflows/:id`,children:({id:e})=>p(xi,{id:e},e)}),p(g,{path:`/workflow-runs/:id`,children:({id:e})=>p(Si,{id:e},e)}),p(g,{path:`/admin/users/:id`,children:({id:e})=>p(oi,{id:e},e)}),p(g,{path:`/admin/:part?`,children:({part:e})=>p(ai,{part:e})}),p(g,{path:`/account/:part?`,children:({part:e})=>p(ii,{part:e})}),p(g,{path:`/queues`,children:p(hi,{})}),p(g,{path:`/notifications/:part?`,children:({part:e})=>p(mi,{part:e})}),p(g,{path:`/incidents`,children:p(fi,{})}),p(g,{path:`/incidents/:id`,children:({id:e})=>p(di,{id:e},e)}),p(g,{path:`/dead-letters`,children:p(si,{})}),p(g,{component:Vt})]})}var Ti=`#main .row-link`;function Ei(e){let t=[...document.querySelectorAll(Ti)],n=t.findIndex(e=>Oi(e)?.contains(document.activeElement)),r=t[n===-1?0:Math.min(Math.max(n+e,0),t.length-1)];r?.focus(),r?.scrollIntoView({block:`nearest`})}function Di(){Oi(document.activeElement)?.querySelector(`input[type=checkbox]`)?.click()}function Oi(e){return e?.closest(`#main tr, #main li`)??null}var Z={o:{path:`/`,name:`Overview`},t:{path:`/tasks`,name:`Tasks`},h:{path:`/runs`,name:`History`},w:{path:`/workflows`,name:`Workflows`},q:{path:`/queues`,name:`Queues`},i:{path:`/incidents`,name:`Incidents`},d:{path:`/dead-letters`,name:`Dead letters`},n:{path:`/notifications`,name:`Notifications`}},ki=[...Object.entries(Z).map(([e,{name:t}])=>[`g ${e}`,t]),[`Ctrl K`,`Go to or do anything`],[`/`,`Search on this page`],[`j`,`Next row`],[`k`,`Row before`],[`Enter`,`Open the row`],[`x`,`Select the row`],[`e`,`Edit what is shown`],[`p`,`Pause or resume it`],[`R`,`Run it, or retry the run`],[`c`,`New task`],[`?`,`These keys`],[`Esc`,`Close`]];function Ai({showHelp:e,showMenu:t}){let[,n]=w();f(()=>{let r=!1,i={"?":e,"/":Fi,j:()=>Ei(1),k:()=>Ei(-1),x:Di,c:()=>n(`/tasks/new`)},a=e=>{if(document.querySelector(`dialog[open]`)||(Mi(e)&&(e.preventDefault(),t()),e.ctrlKey||e.metaKey||e.altKey||Ni(e.target)))return;let a=r?Z[e.key]:void 0;r=e.key===`g`,a?n(a.path):(i[e.key]??ji)(e)};return addEventListener(`keydown`,a),()=>removeEventListener(`keydown`,a)},[n])}function ji({key:e}){if(!/^[a-z]$/i.test(e))return;let t=e===e.toLowerCase()?e:`Shift+${e}`;document.querySelector(`#main [aria-keyshortcuts="${t}"]:not(:disabled)`)?.click()}function Mi({key:e,ctrlKey:t,metaKey:n}){return e.toLowerCase()===`k`&&(t||n)}function Ni(e){return e instanceof HTMLElement&&(e.isContentEditable||/^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName)&&!Pi(e))}function Pi(e){return e instanceof HTMLInputElement&&e.type===`checkbox`}function Fi(e){let t=document.querySelector(`#main [type=search]`);t!==null&&(e.preventDefault(),t.focus())}function Q({title:e,close:t,children:n,class:r}){let i=l(null);return c(()=>{let e=document.activeElement,t=i.current;return t?.showModal(),()=>{t?.close(),Ii(e)}},[]),p(`dialog`,{ref:i,class:r,"aria-label":e,onCancel:e=>{e.preventDefault(),t()},onClick:e=>e.target===i.current&&t(),children:p(`div`,{class:`contents`,children:[p(`h2`,{children:e}),n]})})}function Ii(e){(e instanceof HTMLElement&&e.isConnected&&e!==document.body?e:document.getElementById(`main`))?.focus({preventScroll:!0})}var $=ee(null);function Li(e){return $.value?.answer(!1),new Promise(t=>{$.value={...e,answer:e=>{$.value=null,t(e)}}})}function Ri(){let e=$.value;if(e===null)return null;let{title:t,text:n,action:r,isDestructive:i=!0,answer:a}=e;return p(Q,{title:t,close:()=>a(!1),children:[p(`div`,{class:`text`,children:n}),p(`div`,{class:`buttons`,children:[p(`button`,{type:`button`,autofocus:!0,onClick:()=>a(!1),children:`Cancel`}),p(`button`,{type:`button`,class:i?`destructive`:`main`,onClick:()=>a(!0),children:r})]})]})}var zi=150,Bi=6,Vi=T(`
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
`),Hi=[...Object.values(Z).map(({path:e,name:t})=>({path:e,name:t,kind:`Page`})),{path:`/account`,name:`Account`,kind:`Page`},{path:`/account/tokens`,name:`API tokens`,kind:`Page`},{path:`/account/secrets`,name:`Secrets`,kind:`Page`},{path:`/notifications/channels`,name:`Notification channels`,kind:`Page`},{path:`/tasks/new`,name:`New task`,kind:`Action`},{path:`/tasks/import`,name:`Import tasks from curl or a crontab`,kind:`Action`},{path:`/workflows/new`,name:`New workflow`,kind:`Action`},{path:`/runs?status=FAILED`,name:`Failed runs`,kind:`Page`}];function Ui({close:e}){let[,t]=w(),[n,r]=u(``),[i,a]=u(0),o=qi(n.trim()),s=[...Gi(n),...Ki(o)],c=Math.min(i,s.length-1),l=n=>{n&&(e(),t(n.path))};return p(Q,{title:`Go to`,close:e,class:`command-menu`,children:[p(`input`,{type:`text`,role:`combobox`,"aria-label":`Find a page, a task or a workflow`,"aria-expanded":`true`,"aria-controls":`commands`,"aria-activedescendant":c>=0?`command-${c}`:void 0,placeholder:`Find a page, a task or a workflow`,autofocus:!0,onInput:({currentTarget:e})=>{r(e.value),a(0)},onKeyDown:e=>{let t={ArrowDown:1,ArrowUp:-1}[e.key];if(t)a((c+t+s.length)%Math.max(s.length,1));else if(e.key===`Enter`)l(s[c]);else return;e.preventDefault()}}),p(Wi,{commands:s,place:c,open:l})]})}function Wi({commands:e,place:t,open:n}){let r=l(null);return f(()=>r.current?.children[t]?.scrollIntoView({block:`nearest`}),[t]),p(`ul`,{ref:r,id:`commands`,role:`listbox`,"aria-label":`Found`,children:[e.map((e,r)=>p(`li`,{id:`command-${r}`,role:`option`,"aria-selected":r===t,onClick:()=>n(e),children:[p(`span`,{class:`name`,children:e.name}),e.status&&p(E,{status:e.status}),p(`span`,{class:`faint`,children:e.kind})]},e.path)),e.length===0&&p(`li`,{class:`faint`,children:`Nothing has this name.`})]})}function Gi(e){let t=e.toLowerCase().split(/\s+/).filter(Boolean);return Hi.filter(({name:e})=>t.every(t=>e.toLowerCase().split(` `).some(e=>e.startsWith(t))))}function Ki(e){let t=_t(e?.tasks.nodes??[]).map(({id:e,name:t,status:n})=>({path:`/tasks/${e}`,name:t,kind:`Task`,status:n})),n=_t(e?.workflows.nodes??[]).map(({id:e,name:t})=>({path:`/workflows/${e}`,name:t,kind:`Workflow`}));return[...t,...n]}function qi(e){let[t,n]=u();return f(()=>{if(e===``)return n(void 0);let t=!0,r=setTimeout(async()=>{let{data:r}=await _e(Vi,{text:e,first:Bi});t&&n(r)},zi);return()=>{t=!1,clearTimeout(r)}},[e]),t}var Ji=T(`
  query UnacknowledgedCount {
    notifications(unacknowledgedOnly: true, first: 1) {
      totalCount
      totalCountIsExact
    }
  }
`);function Yi(){let{data:e}=v(Ji,{},{concerns:({of:e})=>e===`notification`});if(!e?.notifications.totalCount)return null;let t=y(e.notifications.totalCount,e.notifications.totalCountIsExact);return p(`span`,{class:`badge`,children:[t,` `,p(`span`,{class:`hidden`,children:`not acknowledged`})]})}var Xi={"/":p(Gt,{}),"/tasks":p(Kt,{}),"/runs":p(qt,{}),"/workflows":p(en,{}),"/queues":p(Qt,{}),"/incidents":p(an,{}),"/dead-letters":p(on,{}),"/notifications":p($t,{})};function Zi({children:e}){let[t,n]=u(null),r=()=>n(null);return Ai({showHelp:()=>n(`help`),showMenu:()=>n(`menu`)}),Qi(),p(`div`,{class:`shell`,children:[p(`a`,{class:`skip-link`,href:`#main`,onClick:$i,children:`Skip to content`}),p(ea,{}),p(`main`,{id:`main`,tabIndex:-1,children:[p(ra,{}),e]}),p(Ri,{}),t===`help`&&p(ia,{close:r}),t===`menu`&&p(Ui,{close:r}),p(pt,{})]})}function Qi(){let[e]=w(),t=l(!0);f(()=>{!t.current&&document.activeElement===document.body&&document.getElementById(`main`)?.focus({preventScroll:!0}),t.current=!1},[e])}function $i(e){e.preventDefault(),document.getElementById(`main`)?.focus()}function ea(){let[e]=w(),[t,n]=u(!1);return f(()=>n(!1),[e]),p(`nav`,{class:t?`sidebar open`:`sidebar`,"aria-label":`Pages`,onKeyDown:({key:e})=>e===`Escape`&&n(!1),children:[p(_,{href:`/`,class:`brand`,children:[p(`img`,{src:be,alt:``,width:`22`,height:`22`}),`Tocsin`]}),p(`button`,{type:`button`,class:`menu`,"aria-expanded":t,"aria-controls":`pages`,onClick:()=>n(!t),children:[p(sn,{}),`Menu`,p(Yi,{})]}),p(`ul`,{id:`pages`,children:[Object.values(Z).map(({path:t,name:n})=>p(`li`,{children:p(_,{href:t,"aria-current":na(e,t)?`page`:void 0,children:[Xi[t],p(`span`,{children:n}),t===`/notifications`&&p(Yi,{})]})},t)),ve.value?.isAdmin&&p(`li`,{children:p(_,{href:`/admin`,"aria-current":na(e,`/admin`)?`page`:void 0,children:[p(tn,{}),p(`span`,{children:`Administration`})]})}),p(`li`,{children:p(`a`,{href:`playground`,children:[p(Jt,{}),p(`span`,{children:`Playground`})]})})]}),p(`div`,{class:`account`,children:[p(_,{href:`/account`,class:`email`,title:pe.value??``,children:pe.value}),p(`button`,{type:`button`,class:`quiet`,onClick:()=>void ta(),children:`Sign out`})]})]})}async function ta(){(!nt()||await Li({title:`Sign out without saving?`,text:`What you wrote and did not save is lost then.`,action:`Sign out`}))&&(await xt(),await fe.logOut())}function na(e,t){return e===t||t!==`/`&&e.startsWith(`${t}/`)}function ra(){return he.value===!1?p(`p`,{class:`notice warn`,role:`status`,children:`The connection to the server is lost. It is being restored; what you see may be out of date.`}):null}function ia({close:e}){return p(Q,{title:`Keys`,close:e,children:p(`dl`,{class:`keys`,children:ki.map(([e,t])=>p(`div`,{children:[p(`dt`,{children:p(`kbd`,{children:e})}),p(`dd`,{children:t})]},e))})})}function aa({children:e}){let[t]=w(),[n,i]=r(e=>console.error(e));return f(i,[t]),n===void 0?p(d,{children:e}):p(`div`,{role:`alert`,children:p(zt,{title:`This page has failed`,children:[p(`p`,{children:`It is a fault of the dashboard. The console of the browser has the details.`}),p(`button`,{type:`button`,onClick:i,children:`Try again`})]})})}function oa(){let e=l(null),t=ge.value;return e.current=t===`signed out`?null:ve.value??e.current,p(h,{hook:at,searchHook:ot,children:[e.current&&p(`div`,{hidden:ve.value===null,children:p(sa,{},e.current.id)}),t===`restoring`&&p(wt,{}),t===`signed out`&&p(Mt,{}),t===`ended`&&p(Nt,{email:e.current?.email??``})]})}function sa(){let[e,t]=u(null);return f(()=>{let{client:e,close:n}=ye(),r=new ie(e);return t({client:e,changes:r}),()=>{St(),r.close(),n()}},[]),e&&p(ne.Provider,{value:e,children:p(Zi,{children:p(aa,{children:p(wi,{})})})})}me(),o(p(oa,{}),document.getElementById(`app`));export{ln as A,zt as B,yn as C,dn as D,Sn as E,Yt as F,gt as G,Bt as H,Zt as I,tt as J,_t as K,Ht as L,rn as M,nn as N,un as O,Xt as P,Le as Q,Wt as R,_n as S,wn as T,vt as U,I as V,xt as W,st as X,et as Y,D as Z,ir as _,gr as a,Tn as b,yr as c,br as d,dr as f,or as g,H as h,vr as i,cn as j,fn as k,xr as l,ur as m,Li as n,hr as o,fr as p,M as q,kr as r,_r as s,Q as t,Sr as u,z as v,Cn as w,vn as x,Fn as y,Vt as z};