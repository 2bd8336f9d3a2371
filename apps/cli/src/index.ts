console.log('snp');
