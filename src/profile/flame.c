// SPDX-License-Identifier: GPL-2.0-only
/*
 * flame.c - the tree as SVG; see flame.h.
 *
 * Theory of operation
 *
 * Each function is a group with its first sample (s), its samples (n) and its level (d) as
 * attributes, a rectangle and a text. Everything is drawn already, so a viewer without
 * scripts shows it all. The script inside moves: a click makes a function as wide as the
 * picture and hides its neighbours, a search paints what it finds and says how much of
 * the whole that is. Children are drawn by name, so that two graphs can be compared by eye.
 */
#include <stdlib.h>
#include <string.h>
#include "profile/flame.h"

#define WIDTH  1200
#define MARGIN 10
#define LINE   16
#define TOP    68
#define CHAR   6.6  /* pixels of a letter of 11 px monospace */
#define NARROW 2000 /* parts of the whole below which nothing is drawn */

static const char *const colours[] = {
	[LAYER_PROGRAM] = "#7fc97f", [LAYER_ENGINE] = "#f4d35e", [LAYER_STACK] = "#f08a5d",
	[LAYER_HOST] = "#8fb8de",    [LAYER_WAIT] = "#c9c9c9",	 [LAYER_ROOT] = "#e6e0d4",
};

static const char script[] =
	"const W=1180,M=10,C=6.6;let all=null,zoom=null;\n"
	"const $=i=>document.getElementById(i);\n"
	"const num=(g,a)=>+g.getAttribute(a);\n"
	"const name=g=>g.querySelector('title').textContent.split(' (')[0];\n"
	"function fit(g,w){const t=g.querySelector('text'),n=name(g),k=Math.floor((w-4)/C);\n"
	" t.textContent=k<3?'':n.length<=k?n:n.slice(0,k-2)+'..';}\n"
	"function show(z){zoom=z;const "
	"s=z?num(z,'s'):0,n=z?num(z,'n'):num(all[0],'n'),d=z?num(z,'d'):0;\n"
	" for(const g of all){const gs=num(g,'s'),gn=num(g,'n'),below=num(g,'d')<d;\n"
	"  let x=(gs-s)/n*W,w=gn/n*W,v=gs<s+n&&gs+gn>s;\n"
	"  if(below&&v){v=gs<=s&&gs+gn>=s+n;x=0;w=W;}\n"
	"  g.style.display=v&&w>0.3?'':'none';g.style.opacity=below?0.5:1;if(!v)continue;\n"
	"  const r=g.querySelector('rect'),t=g.querySelector('text');\n"
	"  r.setAttribute('x',M+x);r.setAttribute('width',Math.max(w-0.5,0.3));\n"
	"  t.setAttribute('x',M+x+3);fit(g,w);}\n"
	" $('reset').style.display=z?'':'none';}\n"
	"function search(q){let re=null;try{re=q?new RegExp(q,'i'):null}catch(e){}\n"
	" const hit=[];for(const g of all){const f=!!re&&re.test(name(g));\n"
	"  "
	"g.querySelector('rect').style.fill=f?'#c2185b':'';if(f)hit.push([num(g,'s'),num(g,'s')+"
	"num(g,'n')]);}\n"
	" hit.sort((a,b)=>a[0]-b[0]);let sum=0,end=-1;\n"
	" for(const [a,b] of hit){if(b>end){sum+=b-Math.max(a,end);end=b;}}\n"
	" $('found').textContent=re?q+': '+(100*sum/num(all[0],'n')).toFixed(1)+' %':'';}\n"
	"window.addEventListener('load',()=>{all=[...document.querySelectorAll('g.f')];\n"
	" for(const g of all){g.onclick=()=>show(g===all[0]?null:g);\n"
	"  g.onmouseenter=()=>$('info').textContent=g.querySelector('title').textContent;\n"
	"  g.onmouseleave=()=>$('info').textContent='';}\n"
	" $('reset').onclick=()=>show(null);\n"
	" const ask=()=>{const q=prompt('Search (regular "
	"expression):','');if(q!==null)search(q);};\n"
	" $('search').onclick=ask;\n"
	" window.addEventListener('keydown',e=>{if(e.key==='Escape'){show(null);search('');}\n"
	"  if(e.key==='/'||(e.ctrlKey&&e.key==='f')){e.preventDefault();ask();}});});\n";

struct drawing {
	FILE *out;
	const struct fold *fold;
	uint64_t all, least;
	unsigned int depth; /* levels in all */
	double seconds;
};

static void put_text(FILE *out, const char *s, size_t most)
{
	for (; *s && most; s++, most--) {
		switch (*s) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc((unsigned char)*s < ' ' ? '?' : *s, out);
		}
	}
}

static unsigned int flame_levels(const struct fold_node *node, uint64_t least)
{
	unsigned int most = 0;

	for (const struct fold_node *c = node->child; c; c = c->sibling) {
		unsigned int n = c->total >= least ? flame_levels(c, least) : 0;

		most = n > most ? n : most;
	}
	return most + 1;
}

static const struct fold *sorting;

static int by_name(const void *a, const void *b)
{
	const struct fold_node *const *x = a, *const *y = b;

	return strcmp(sorting->functions[(*x)->function].name,
		      sorting->functions[(*y)->function].name);
}

static void put_box(const struct drawing *d, const char *name, enum layer layer, uint64_t start,
		    uint64_t n, unsigned int level)
{
	double scale = (double)(WIDTH - 2 * MARGIN) / (double)d->all;
	double x = MARGIN + (double)start * scale, w = (double)n * scale;
	unsigned int y = TOP + (d->depth - 1 - level) * LINE;
	size_t fits = w > 4 + 3 * CHAR ? (size_t)((w - 4) / CHAR) : 0, len = strlen(name);

	fprintf(d->out, "<g class=\"f l%u\" s=\"%llu\" n=\"%llu\" d=\"%u\"><title>",
		(unsigned int)layer, (unsigned long long)start, (unsigned long long)n, level);
	put_text(d->out, name, 300);
	fprintf(d->out, " (%s, %.3f s, %.2f %%)</title>", level ? layer_name(layer) : "all",
		d->seconds * (double)n / (double)d->all, 100.0 * (double)n / (double)d->all);
	fprintf(d->out, "<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\"/>", x, y,
		w > 0.8 ? w - 0.5 : 0.3, LINE - 1);
	fprintf(d->out, "<text x=\"%.1f\" y=\"%u\">", x + 3, y + 12);
	put_text(d->out, name, len <= fits ? len : fits ? fits - 2 : 0);
	fprintf(d->out, "%s</text></g>\n", len > fits && fits ? ".." : "");
}

static void put_children(const struct drawing *d, const struct fold_node *node, uint64_t start,
			 unsigned int level)
{
	const struct fold_node **list;
	size_t n = 0;

	for (const struct fold_node *c = node->child; c; c = c->sibling)
		n++;
	list = n ? calloc(n, sizeof(*list)) : NULL;
	if (!list)
		return;
	n = 0;
	for (const struct fold_node *c = node->child; c; c = c->sibling)
		list[n++] = c;
	qsort(list, n, sizeof(*list), by_name);
	for (size_t i = 0; i < n; i++) {
		const struct fold_function *fn = &d->fold->functions[list[i]->function];

		if (list[i]->total >= d->least) {
			put_box(d, fn->name, fn->layer, start, list[i]->total, level);
			put_children(d, list[i], start, level + 1);
		}
		start += list[i]->total;
	}
	free(list);
}

static void put_head(const struct drawing *d, const char *title)
{
	unsigned int height = TOP + d->depth * LINE + MARGIN;

	fprintf(d->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\">\n<title>",
		WIDTH, height, WIDTH, height);
	put_text(d->out, title, 200);
	fputs("</title>\n<style>text{font:11px monospace;fill:#222;pointer-events:none}"
	      "text.b{pointer-events:auto;cursor:pointer;fill:#06c}.f{cursor:pointer}"
	      ".f:hover rect{stroke:#222;stroke-width:1}",
	      d->out);
	for (unsigned int i = 0; i <= LAYER_ROOT; i++)
		fprintf(d->out, ".l%u rect,rect.l%u{fill:%s}", i, i, colours[i]);
	fprintf(d->out, "</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fdfcf9\"/>\n");
	fprintf(d->out, "<text x=\"%d\" y=\"20\" style=\"font-size:14px\">", MARGIN);
	put_text(d->out, title, 140);
	fputs("</text>\n", d->out);
	for (unsigned int i = 0; i < LAYERS; i++)
		fprintf(d->out,
			"<rect class=\"l%u\" x=\"%u\" y=\"30\" width=\"12\" height=\"12\"/>"
			"<text x=\"%u\" y=\"40\">%s</text>\n",
			i, MARGIN + i * 110, MARGIN + 17 + i * 110, layer_name((enum layer)i));
	fprintf(d->out,
		"<text class=\"b\" id=\"search\" x=\"%d\" y=\"40\">search (/)</text>\n"
		"<text class=\"b\" id=\"reset\" x=\"%d\" y=\"40\" "
		"style=\"display:none\">back</text>\n"
		"<text id=\"found\" x=\"%d\" y=\"20\" text-anchor=\"end\"></text>\n"
		"<text id=\"info\" x=\"%d\" y=\"58\"></text>\n",
		WIDTH - 160, WIDTH - 60, WIDTH - MARGIN, MARGIN);
}

void flame_write(FILE *out, const struct fold *f, const char *title, double seconds)
{
	struct drawing d = {.out = out,
			    .fold = f,
			    .all = f->root.total ? f->root.total : 1,
			    .least = f->root.total / NARROW + 1,
			    .seconds = seconds};

	if (f->root.total < NARROW)
		d.least = 1;
	d.depth = flame_levels(&f->root, d.least);
	sorting = f;
	put_head(&d, title);
	put_box(&d, "all", LAYER_ROOT, 0, d.all, 0);
	put_children(&d, &f->root, 0, 1);
	fprintf(out, "<script><![CDATA[\n%s]]></script>\n</svg>\n", script);
}
